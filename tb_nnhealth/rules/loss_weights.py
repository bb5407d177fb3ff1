"""One part of the loss drowns the rest.

## What it detects
Trainings in which the regularization term, or the loss of one of several outputs, makes up nearly all of the total.

## Why it matters
The gradient follows the largest term. What the others ask for is not learnt.

## How it is decided
The medians of the parts over the late samples are divided by the total: regularization against the data loss, and,
with several outputs, each output's loss (unweighted; their weights are counted where the compiled model tells them)
against their sum. A share above the limit is a warning where nothing is learnt, else information.

## When it is wrong
A part may be large and yet have a small gradient.

## What to try
* Lower the regularization: `keras.regularizers.L2(1e-4)` is a usual strength.
* Set `loss_weights` so that the outputs' losses are of the same size.

## References
* 37 reasons why your neural network is not working, 4.5 (adjust loss weights) and 5.4 (reduce regularization).
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._loss import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import late, median

RULE = Rule(
    name="loss-weights",
    category="loss",
    title="One part of the loss drowns the rest",
    passing_title="No part of the loss drowns the rest",
    needs=("loss",),
    min_samples=4,
    thresholds=(Threshold("share", 0.9, "fraction", "nine tenths: the others change the direction by a few degrees"),),
)

OUTPUT = "output_loss/"


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    window = late(run.step.steps)
    total = _late(run, "loss")
    parts = {"regularization": _late(run, "regularization_loss")} if total > 0 else {}
    parts = {name: value / total for name, value in parts.items() if value > 0}
    outputs = {name: _late(run, name) for name in run.step.columns if name.startswith(OUTPUT)}
    of_all = sum(value for value in outputs.values() if value > 0)
    if len(outputs) > 1 and of_all > 0:
        parts |= {f"the output {name.removeprefix(OUTPUT)}": value / of_all for name, value in outputs.items()}
    if not parts:
        raise NotJudged("the loss has one part only")
    name, share = max(parts.items(), key=lambda part: part[1])
    if share <= limits["share"]:
        return
    severity = severity_of_symptom(run)
    yield Finding(
        RULE.name,
        severity,
        f"{name[0].upper()}{name[1:]} makes up {share:.0%} of the loss.",
        first_step=int(run.step.steps[window][0]),
        last_step=int(run.step.steps[-1]),
        statistic="regularization_loss" if name == "regularization" else "loss",
        observed=share,
        limit=limits["share"],
        unit="fraction",
    )


def _late(run: HealthRun, name: str) -> float:
    return float(median(run.step.series(name, "step")[late(run.step.steps)]))
