"""A metric does not measure what the loss asks for.

## What it detects
Accuracy on a regression, exact-match `Accuracy` on probabilities, and accuracy that counts every element of one-hot
rows.

## Why it matters
The number that is watched says nothing of the training: accuracy stays near zero while a regression is fine,
and an element-wise accuracy of ten classes reads 0.9 for a model that knows nothing.

## How it is decided
From the names and classes of the compiled metrics, each output's loss and its target's shape. A fault of the
metric does not harm the training: it is information, and a warning where nothing is learnt.

## When it is wrong
A regression on whole numbers may be rounded before it is compared, by a metric of the same name.

## What to try
* For a regression: `mae`, `RootMeanSquaredError`, `R2Score`.
* For classes: `metrics=["accuracy"]` as a string, which Keras fits to the loss and the labels; or `CategoricalAccuracy`
  for one-hot labels under a binary loss.
* `Accuracy()` compares exactly: it is for class numbers, not for probabilities.

## References
* 37 reasons why your neural network is not working, 4.6.
* Keras 3: `"accuracy"` becomes `BinaryAccuracy`, element by element, for a binary loss.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import BINARY, CATEGORICAL, REGRESSION, Head, heads
from tb_nnhealth.rules._loss import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule

RULE = Rule(
    name="metric-loss-mismatch",
    category="definition",
    title="A metric does not measure what the loss asks for",
    passing_title="The metrics fit the loss",
)

ACCURACIES = ("accuracy", "acc", "Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    metrics = [metric for metric in run.model.compile.get("metrics") or [] if metric in ACCURACIES]
    judged = [head for head in heads(run) if head.loss in (*REGRESSION, *BINARY, *CATEGORICAL)]
    if not judged or not run.model.compile.get("metrics"):
        raise NotJudged("no compiled metric beside a loss of Keras' own was seen")
    for head in judged if len(judged) == 1 else []:
        for message in _mismatches(head, metrics):
            yield Finding(
                RULE.name,
                severity_of_symptom(run),
                message,
                layer=head.layer.path if head.layer else None,
            )


def _mismatches(head: Head, metrics: list[str]) -> Iterator[str]:
    for metric in metrics:
        if head.loss in REGRESSION and head.activation not in ("softmax", "sigmoid"):
            yield f"{metric} counts exact matches, and {head.loss} is a loss for numbers."
        elif metric == "Accuracy" and head.loss not in REGRESSION:
            yield "Accuracy compares labels with probabilities for equality: they hardly ever are equal."
        elif _counts_elements(head, metric):
            yield f"{metric} counts each of the {head.units} outputs by itself under {head.loss}."


def _counts_elements(head: Head, metric: str) -> bool:
    """Returns whether a metric counts outputs of which one is right: under a binary loss "accuracy" does, too."""
    if head.loss in CATEGORICAL:
        return metric == "BinaryAccuracy" and (head.units or 0) > 1
    return metric in ("accuracy", "acc", "BinaryAccuracy") and head.loss in BINARY and head.activation == "softmax"
