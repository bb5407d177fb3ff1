"""The loss does not go down.

## What it detects
A training loss that stays where it is, or rises, without ever having fallen far.

## Why it matters
Nothing is being learnt: more of the same will not help.

## How it is decided
The curve is the epochs' losses, or the sampled steps' where there are fewer than eight epochs; of three epochs or more,
where fewer than six steps were sampled after the first tenth: each is the mean of all its steps, and where fewer than
three were sampled in the last half the late loss is that of the epochs that ended there. The curve begins where the run
does, or where the model was compiled with other losses: these do not compare. After the first tenth it is cut into
thirds, and the drop from the median of the first to that of the last is compared with the limit. Where the mean losses
of three epochs or more fall one after the other, their fall after that tenth counts, too: few samples of a noisy loss
may not show it. Where the noise is so large that a fall of `visible` could hide in it, there is no verdict. A loss that
has fallen well has converged rather than stalled: below 0.95 times the loss of the trivial predictor where the labels
tell it, else by 30 % of its start. It is an error where the loss never fell by more than the limit and training has
ended or gone on for 1000 steps, else a warning: it fell a little first, may still begin to fall, or its fall was not
seen.

## When it is wrong
On data with little to learn the floor is close to the start. Losses that are not meant to fall, as
in adversarial training, look stalled.

## What to try
* Try to overfit ten examples first: if that fails, look at the model and the loss, else at the data.
* Try learning rates a factor of 10 above and below.
* Check that the loss fits the last activation and the labels.
* Normalize the inputs, and shuffle the data.
* Turn regularization, dropout and augmentation off until the loss falls.
* Use a simpler model that is known to work, and add parts back one at a time.

## References
* Troubleshooting CNNs, on the loss.
* 37 reasons why your neural network is not working, 1.5, 5.1 and 5.10.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tb_nnhealth.numbers import apart, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import ADVERSARIES, may_have_adversaries
from tb_nnhealth.rules._epochs import curve as epochs_curve
from tb_nnhealth.rules._learning import learns_well, never_fell
from tb_nnhealth.rules._loss import (
    MEDIAN_ERROR,
    LossCurve,
    fall_of_epochs,
    loss_curve,
    noise,
    relative_drop,
    steps_seen,
)
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Severity, Threshold
from tb_nnhealth.rules._series import Floats, Mask, median, of_present_loss, span
from tb_nnhealth.rules._told import taken_over

RULE = Rule(
    name="stalled-loss",
    category="loss",
    title="The loss does not go down",
    passing_title="The loss does not stand still",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("drop", 0.01, "fraction", "Troubleshooting CNNs: a loss that is flat after warm-up"),
        Threshold("visible", 0.1, "fraction", "an order of magnitude above the drop that is asked for"),
        Threshold("steps", 32.0, "steps", "fewer steps than this are all warm-up"),
    ),
)

LEAST_POINTS, LEAST_EPOCHS = 6, 3
WARM_UP = 0.1


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    seen = steps_seen(run)
    if seen < limits["steps"]:
        raise NotJudged(f"{seen} steps are too few to call a loss stalled")
    if may_have_adversaries(run):
        raise NotJudged(ADVERSARIES)
    warmed_up = run.loss_since + WARM_UP * seen
    curve = _curve(run, warmed_up)
    warm = _is_warm(curve.steps, warmed_up)
    if np.count_nonzero(warm) < LEAST_EPOCHS:
        raise NotJudged(f"fewer than {LEAST_POINTS} losses, or {LEAST_EPOCHS} epochs, were measured after warm-up")
    drop, doubt = _drop(curve.losses[warm])
    fall = fall_of_epochs(run, warmed_up)
    if max(drop, fall) >= limits["drop"] or learns_well(run):
        return
    if drop + doubt > limits["visible"]:
        raise NotJudged(f"the loss is too noisy to see whether it falls by {percent(limits['drop'])}")
    severity: Severity = "error" if never_fell(run) else "warning"
    yield Finding(
        RULE.name,
        severity,
        _message(run, curve, drop, limits["drop"]),
        **span(curve.steps[warm]),
        statistic="loss",
        observed=drop,
        limit=limits["drop"],
        unit="fraction",
        on_curve=_on_curve(curve.name, curve.losses[warm], limits["drop"]),
    )


def _on_curve(name: str, losses: Floats, limit: float) -> OnCurve:
    """Returns where the loss ended, and below what it should have."""
    start, end = _ends(losses)
    return OnCurve(name, end, start * (1 - limit) if start > 0 else start / (1 - limit))


def _ends(losses: Floats) -> tuple[float, float]:
    """Returns the medians of the first and of the last third."""
    first, _, last = np.array_split(losses, 3)
    return float(median(first)), float(median(last))


def _is_warm(steps: Floats, warmed_up: float) -> Mask:
    """Returns which steps, or epochs' last ones, end with the warm-up or later."""
    return np.asarray(steps + 1 >= warmed_up)


def _curve(run: HealthRun, warmed_up: float) -> LossCurve:
    """Returns the loss at the sampled steps or epochs; where fewer steps were sampled after warm-up than it takes,
    at the epochs, whose means need be fewer, and without points where these are too few, too.

    Args:
      run: the run.
      warmed_up: how many steps are done when the warm-up is over.
    """
    curve = loss_curve(run)
    if np.count_nonzero(_is_warm(curve.steps, warmed_up)) >= LEAST_POINTS:
        return curve
    steps, losses = epochs_curve(of_present_loss(run), "loss")
    if np.count_nonzero(_is_warm(steps, warmed_up)) < LEAST_EPOCHS:
        return replace(curve, steps=steps[:0], losses=losses[:0])
    end_of = taken_over("last", 1, "epoch")
    return replace(curve, steps=steps, losses=losses, end=float(losses[-1]), end_of=end_of, point="epoch")


def _drop(losses: Floats) -> tuple[float, float]:
    """Returns the relative drop from the first third's median to the last's, and its standard error.

    The error of a median of n values is taken as 1.25 × noise ÷ √n.
    """
    first, _, last = np.array_split(losses, 3)
    start, end = _ends(losses)
    error = MEDIAN_ERROR * noise(losses) * math.sqrt(1 / len(first) + 1 / len(last))
    scale = max(abs(start), abs(end))
    return relative_drop(start, end), error / scale if scale > 0 else 0.0


def _message(run: HealthRun, curve: LossCurve, drop: float, limit: float) -> str:
    begun, ended = apart(curve.start, curve.end)
    start, end = curve.told_start(begun), curve.told_end(ended)
    _, means = epochs_curve(of_present_loss(run), "loss")
    if drop < -limit and len(means) > 1 and fall_of_epochs(run) > limit:
        first, last = apart(float(means[0]), float(means[-1]))
        return f"The loss hardly falls: from {first} (mean of the first epoch) to {last} (mean of the last epoch)."
    if drop < -limit and curve.end < curve.start:
        return f"The loss rises again: it goes from {start} to {end}, with less in between."
    if drop < -limit:
        return f"The loss rises from {start} to {end}."
    if curve.fell < limit + curve.doubt:
        return f"The loss {_not_fallen(curve.fell, limit)}: it goes from {start} to {end}."
    return f"The loss stays at {end}, after {start}."


def _not_fallen(fell: float, limit: float) -> str:
    if fell <= 0:
        return "has not fallen"
    return "has hardly fallen" if fell < limit else "has fallen by no more than its noise"
