"""A metric does not measure what the loss asks for.

## What it detects
Accuracy on a regression, exact-match `Accuracy` on probabilities, accuracy that counts every element of one-hot
rows, and accuracy that looks at the largest output where several labels hold.

## Why it matters
The number that is watched says nothing of the training: accuracy stays near zero while a regression is fine,
and an element-wise accuracy of ten classes reads 0.9 for a model that knows nothing.

## How it is decided
From the names and classes of each output's compiled metrics, its loss and its targets: rows are one-hot where their
ones were as many as the examples in every sampled batch. A fault of the metric does not harm the training: it is
information, and a warning where nothing is learnt.

## When it is wrong
A regression on whole numbers may be rounded before it is compared, by a metric of the same name.

## What to try
* For a regression: `mae`, `RootMeanSquaredError`, `R2Score`.
* For classes: `metrics=["accuracy"]` as a string, which Keras fits to the shapes of labels and outputs.
* For several labels at a time: `BinaryAccuracy`, `AUC(multi_label=True)` or `F1Score`.
* `Accuracy()` compares exactly: it is for class numbers, not for probabilities.

## References
* 37 reasons why your neural network is not working, 4.6.
* Keras 3: `"accuracy"` becomes `BinaryAccuracy` for one output, `CategoricalAccuracy` for rows of several, whatever
  the loss.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._accuracy import OF_ELEMENTS
from tb_nnhealth.rules._heads import BINARY, CATEGORICAL, KERAS_OWN, REGRESSION, Head, heads, target_range
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule
from tb_nnhealth.rules._series import Floats, mean

RULE = Rule(
    name="metric-loss-mismatch",
    category="definition",
    title="A metric does not measure what the loss asks for",
    passing_title="The metrics fit the loss",
)

BY_SHAPE = ("accuracy", "acc")
"""What Keras replaces by the accuracy for the shapes of targets and predictions."""

OF_LARGEST = ("CategoricalAccuracy", "categorical_accuracy")
ACCURACIES = (
    *(*BY_SHAPE, *OF_ELEMENTS, *OF_LARGEST),
    *("Accuracy", "SparseCategoricalAccuracy", "sparse_categorical_accuracy"),
)

ROUNDING = 1e-3
"""Means of zeros and ones are float32."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.loss in KERAS_OWN]
    if not judged or not run.model.compile.get("metrics"):
        raise NotJudged("no compiled metric beside a loss of Keras' own was seen")
    for head, metrics in [(head, _metrics(run, head)) for head in judged]:
        for metric in metrics:
            message = _mismatch(run, head, metric)
            if message is not None:
                severity, layer = severity_of_symptom(run), head.layer.path if head.layer else None
                yield Finding(RULE.name, severity, message, layer=layer, tensor=head.prediction.place)


def _metrics(run: HealthRun, head: Head) -> list[str]:
    """Returns the accuracies that were compiled for an output.

    Raises:
      NotJudged: the model has several outputs, and it is not known which has which metrics.
    """
    metrics = run.model.compile["metrics"]
    if len(run.model.tensors("prediction")) > 1:
        by_output = run.model.compile.get("output_metrics") or {}
        if head.name not in by_output:
            raise NotJudged("which output the metrics belong to is not known")
        metrics = by_output[head.name]
    return [metric for metric in metrics if metric in ACCURACIES]


def _mismatch(run: HealthRun, head: Head, metric: str) -> str | None:
    several = (head.units or 0) > 1
    labels = _labels_of_an_example(run, head)
    if head.loss in REGRESSION:
        is_classes = head.activation in ("softmax", "sigmoid") or _are_labels(run, head)
        return None if is_classes else f"{metric} counts exact matches, and {head.loss} is a loss for numbers."
    if metric == "Accuracy":
        return "Accuracy compares labels with probabilities for equality: they hardly ever are equal."
    excludes = head.loss in CATEGORICAL or head.activation == "softmax" or _are_one(labels)
    if metric in OF_ELEMENTS and several and excludes:
        return (
            f"{metric} counts each of the {head.units} outputs by itself, of which one is right: it reads "
            f"{number(1 - 1 / (head.units or 1))} where all are 0."
        )
    allows = head.loss in BINARY and len(labels) > 0 and _are_labels(run, head) and not _are_one(labels)
    if metric in (*BY_SHAPE, *OF_LARGEST) and several and allows:
        return (
            f"{metric} compares the largest of the {head.units} outputs with the first of the labels, and an example "
            f"has {number(mean(labels))} of them."
        )
    return None


def _labels_of_an_example(run: HealthRun, head: Head) -> Floats:
    """Returns the mean sum of an example's target at each sample; nothing where it is no row of the outputs' length."""
    if head.target is None or not head.units or head.target.shape[-1:] != (head.units,):
        return np.empty(0)
    means = run.data.series("data_mean", head.target.place).astype(np.float64)
    return head.units * means[np.isfinite(means)]


def _are_one(labels: Floats) -> bool:
    return len(labels) > 0 and bool(np.all(np.abs(labels - 1) < ROUNDING))


def _are_labels(run: HealthRun, head: Head) -> bool:
    """Returns whether all targets are 0 or 1: these are as many as the targets sum up to."""
    low, high = target_range(run, head)
    if head.target is None or not (0 <= low <= high <= 1):
        return False
    row = head.target.place
    ones = 1 - mean(run.data.series("data_zero_fraction", row))
    return math.isclose(mean(run.data.series("data_mean", row)), ones, abs_tol=ROUNDING)
