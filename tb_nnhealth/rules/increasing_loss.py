"""The loss goes up.

## What it detects
Trainings whose loss ends clearly above where it began.

## Why it matters
The steps lead away from what is asked for: the learning rate is too high, or has the wrong sign, or the loss does.

## How it is decided
The median of the last fifth of the curve is compared with that of its start. The rise must exceed the limit and
several times what noise makes of it, and the mean losses of three epochs or more must not fall one after
the other. It is an error. Where a training step of your own logs other losses beside it that do not add up to it, they
may be those of adversaries, and nothing is said.

## When it is wrong
A loss whose terms are switched on during training (annealing) may rise on purpose.

## What to try
* Lower the learning rate by a factor of 10, and check its sign.
* Check the sign of a loss of your own: smaller must be better.
* Normalize the inputs and clip the gradient.

## References
* Troubleshooting CNNs, on the loss.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import ADVERSARIES, may_have_adversaries
from tb_nnhealth.rules._loss import fall_of_epochs, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="increasing-loss",
    category="loss",
    title="The loss goes up",
    passing_title="The loss does not go up",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("rise", 0.1, "fraction", "a tenth of the start: more than it differs between epochs"),
        Threshold("errors", 3.0, "standard errors", "one false alarm in a thousand"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    curve = loss_curve(run)
    if not math.isfinite(curve.start) or len(curve.losses) < RULE.min_samples:
        raise NotJudged("too few finite losses were measured")
    if may_have_adversaries(run):
        raise NotJudged(ADVERSARIES)
    rise = (curve.end - curve.start) / abs(curve.start) if curve.start else 0.0
    if rise <= limits["rise"] + limits["errors"] * curve.doubt or fall_of_epochs(run) > 0:
        return
    yield Finding(
        RULE.name,
        "error",
        f"The loss rises from {curve.told_start()} to {curve.told_end()}.",
        **span(curve.steps),
        statistic="loss",
        observed=rise,
        limit=limits["rise"],
        unit="fraction",
        on_curve=OnCurve(curve.name, curve.end, curve.start + limits["rise"] * abs(curve.start)),
    )
