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
from tb_nnhealth.rules._loss import fall_of_epochs, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
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

SUM = 0.01
"""Share by which a mean loss may differ from the sum of its parts' means."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    curve = loss_curve(run)
    if not math.isfinite(curve.start) or len(curve.losses) < RULE.min_samples:
        raise NotJudged("too few finite losses were measured")
    if _has_adversaries(run):
        raise NotJudged("it is one of several losses of a training step of your own, which may work against each other")
    rise = (curve.end - curve.start) / abs(curve.start) if curve.start else 0.0
    if rise <= limits["rise"] + limits["errors"] * curve.doubt or fall_of_epochs(run) > 0:
        return
    yield Finding(
        RULE.name,
        "error",
        f"The loss rises from {curve.start:.3g} at the start to {curve.end:.3g} at the end.",
        **span(curve.steps),
        statistic="loss",
        observed=rise,
        limit=limits["rise"],
        unit="fraction",
    )


def _has_adversaries(run: HealthRun) -> bool:
    """Returns whether a step without a compiled loss logs other losses that the loss is not the sum of."""
    if run.model.compile.get("losses") or not run.epochs:
        return False
    logs = {name: value for name, value in run.epochs[-1].logs.items() if value is not None and name[:4] != "val_"}
    others = [value for name, value in logs.items() if name.endswith("loss") and name != "loss"]
    return bool(others) and not math.isclose(sum(others), logs.get("loss", math.nan), rel_tol=SUM)
