"""Training ended while the loss still fell.

## What it detects
Finished trainings whose loss fell steadily up to the end.

## Why it matters
What was to be learnt was not learnt yet: the next epochs would have been cheaper than anything else to try.

## How it is decided
The means of the epochs (of the sampled steps, where there are few) are looked at from the middle on. The drop from
the third to the last quarter of the curve, in relation to the level, must exceed the limit and what noise makes of
it. A validation loss that has stopped falling says that it is enough, and nothing is said. A finding is information.

## When it is wrong
Where time is the limit, that is how long it was meant to be.

## What to try
* Train for more epochs, with `EarlyStopping` on the validation loss to end it.
* Raise the learning rate if the curve is a straight line.

## References
* 37 reasons why your neural network is not working, 5.5 (give it time).
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve, smoothed
from tb_nnhealth.rules._loss import MEDIAN_ERROR, LossCurve, loss_curve, noise, relative_drop
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import median, span
from tb_nnhealth.rules._told import taken_over

RULE = Rule(
    name="still-improving",
    category="loss",
    title="Training ended while the loss still fell",
    passing_title="The loss had levelled off when training ended",
    needs=("loss",),
    min_samples=8,
    thresholds=(Threshold("drop", 0.1, "fraction", "a tenth within the last quarter of the training"),),
)

LEAST_POINTS = 8


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if not run.finished:
        raise NotJudged("training goes on")
    losses = loss_curve(run)
    if len(losses.losses) < LEAST_POINTS:
        raise NotJudged(f"fewer than {LEAST_POINTS} losses were measured")
    drop, after = last_drop(run, limits)
    if drop <= limits["drop"]:
        return
    yield Finding(
        RULE.name,
        "info",
        f"In the last quarter of the training the loss fell by another {percent(drop)}, to {_told(after, losses)}.",
        **span(losses.steps[len(losses.steps) // 2 :]),
        statistic="loss",
        observed=drop,
        limit=limits["drop"],
        unit="fraction",
        on_curve=OnCurve(losses.name, after, _level(losses, limits["drop"])),
    )


def _told(after: float, losses: LossCurve) -> str:
    """Returns the loss of the last quarter, with what it is taken over."""
    return f"{number(after)} ({taken_over('last', len(np.array_split(losses.losses, 4)[3]), losses.point)})"


def _level(losses: LossCurve, limit: float) -> float:
    """Returns below what the last quarter shows that the loss still falls."""
    before = float(median(np.array_split(losses.losses, 4)[2]))
    return before * (1 - limit) if before > 0 else before / (1 - limit)


def last_drop(run: HealthRun, limits: Limits) -> tuple[float, float]:
    """Returns by what share the loss fell in the last quarter, and where to: by 0 where that is noise, where the
    validation loss has stopped falling, or where few losses were measured."""
    losses = loss_curve(run)
    if len(losses.losses) < LEAST_POINTS:
        return 0.0, losses.end
    third, last = np.array_split(losses.losses, 4)[2:]
    before, after = float(median(third)), float(median(last))
    drop = relative_drop(before, after)
    doubt = 2 * MEDIAN_ERROR * noise(losses.losses) / np.sqrt(len(last)) / max(abs(before), 1e-12)
    _, validation = curve(run, "val_loss")
    has_turned = len(validation) >= 4 and int(np.argmin(smoothed(validation))) < 0.75 * (len(validation) - 1)
    return (0.0 if has_turned or drop <= limits["drop"] + doubt else drop), after
