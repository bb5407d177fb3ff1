"""The model gives the same prediction for every example.

## What it detects
Outputs that hardly vary over a batch, while the targets do.

## Why it matters
The model ignores its input: what it has learnt is the average answer, or its units are dead or saturated.

## How it is decided
For each output the predictions' spread over the batch (of the feature that varies most, the median over the late
samples) is divided by the targets' (the mean, because a rare class is in few batches only). That of class numbers
counts as 0.3 at most. Below the limit it is an error, a warning where something is learnt all the same. Outputs whose
targets do not vary are not judged.

By hand: `model.predict(x).std(axis=0)`, beside that of the targets.

## When it is wrong
In the first steps of a deep network with a small last layer all predictions are alike.

## What to try
* Look for dead units, saturated activations and zero gradients first: they are causes of it.
* Lower the learning rate, and normalize the inputs.
* Check that inputs and labels belong together, and how the classes are balanced.
* Train on ten examples until the model knows them.

## References
* My neural network isn't working! What should I do?, reason 2.
* Debugging tips for neural networks, on the outputs; 37 reasons why your neural network is not working, 2.2.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import CATEGORICAL, Head, heads
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import late, mean, median, span

RULE = Rule(
    name="collapsed-output",
    category="activations",
    title="The model gives the same prediction for every example",
    passing_title="Predictions vary with the input",
    needs=("feature_std_max",),
    min_samples=4,
    thresholds=(Threshold("spread", 0.01, "ratio", "a hundredth of the targets' spread: all but constant"),),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [(head, spreads) for head in heads(run) if (spreads := _spreads(run, head)) is not None]
    if not judged:
        raise NotJudged("no output with a target that varies was measured")
    window = late(run.data.steps)
    for head, (prediction, target) in judged:
        ratio = prediction / target
        if ratio >= limits["spread"]:
            continue
        yield Finding(
            RULE.name,
            "error" if suffers(run) else "warning",
            f"Over a batch the predictions of {head.name} vary by {percent(ratio)} of what the targets vary by.",
            layer=head.layer.path if head.layer else None,
            tensor=head.prediction.place,
            **span(run.data.steps[window]),
            statistic="feature_std_max",
            observed=ratio,
            limit=limits["spread"],
            unit="ratio",
            on_curve=OnCurve("feature_std_max", prediction, limits["spread"] * target),
        )


def _spreads(run: HealthRun, head: Head) -> tuple[float, float] | None:
    """Returns the predictions' spread and the targets', None where one of them is not known."""
    if head.target is None:
        return None
    window = late(run.data.steps)
    prediction = float(median(run.data.series("feature_std_max", head.prediction.place)[window]))
    target = mean(run.data.series("feature_std_max", head.target.place)[window])
    if head.loss in CATEGORICAL and head.target.shape != head.prediction.shape:
        target = min(target, 0.3)  # Class numbers spread further than the probability of a class can.
    return (prediction, target) if target > 0 and prediction >= 0 else None
