"""The model is no better than a constant answer.

## What it detects
A run that has settled at the loss of the best constant prediction: the frequencies of the classes, or the mean
of the targets.

## Why it matters
The inputs are not used. The labels may not belong to them, or the output cannot follow them.

## How it is decided
The trivial predictor's loss is computed from the labels that were seen: the entropy of the class frequencies, or the
variance of the targets. The late loss without regularization is put in relation to it; within the limits
of it, at the end of training or after many steps, is an error. A loss clearly above the trivial one has other causes.

## When it is wrong
Where the inputs hold nothing about the targets there is nothing better.

## What to try
* Look at inputs and labels side by side: do they belong together?
* Train on ten examples: a model that cannot learn them by heart has a fault in its definition.
* Shuffle inputs and labels together, never one of them alone.
* Check the last activation function and the loss.

## References
* 37 reasons why your neural network is not working, 2.4 (is the relation too random?) and 4.2.
* Troubleshooting CNNs, on the loss; Debugging tips for neural networks, on the outputs.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._loss import end_of_data_loss, has_settled, loss_curve, trivial_loss
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="no-better-than-trivial",
    category="loss",
    title="The model is no better than a constant answer",
    passing_title="The model is better than a constant answer",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("low", 0.95, "ratio", "docs/calibration.md, does training suffer?"),
        Threshold("high", 1.05, "ratio", "as far above as the other limit is below"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    trivial = trivial_loss(run)
    if not trivial > 0:
        raise NotJudged("the labels do not tell the loss of a constant answer")
    if not has_settled(run):
        raise NotJudged("training goes on")
    curve = loss_curve(run)
    ratio = end_of_data_loss(run, curve) / trivial
    if not limits["low"] <= ratio <= limits["high"]:
        return
    yield Finding(
        RULE.name,
        "error",
        f"The loss ends at {ratio * trivial:.3g}, and the best constant answer has {trivial:.3g}.",
        first_step=int(curve.steps[0]),
        last_step=int(curve.steps[-1]),
        statistic="loss",
        observed=ratio,
        limit=limits["low"],
        unit="ratio",
    )
