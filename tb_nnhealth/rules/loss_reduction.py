"""The loss is no mean, or is lower than such a loss can be.

## What it detects
Negative values of a loss that cannot be negative, and losses that grow with the size of the batch.

## Why it matters
A cross-entropy below zero means labels outside 0 to 1: it falls without end and means nothing. A sum over the batch
where a mean was meant multiplies the learning rate of SGD by the batch size, and makes regularization, clipping and
the other losses of the model weigh less beside it.

## How it is decided
Any negative data loss of Keras' cross-entropies and distances is an error. One of them that was compiled with
`reduction="sum"` is information, as the learning rate may have been chosen for it, and a warning where nothing is
learnt under SGD; other optimizers divide by the gradient's own size. Of other losses, where batches of clearly
different sizes were sampled, the logarithm of the loss is compared with that of the batch size: a slope near one is a
warning.

## When it is wrong
Small batches may be harder than large ones. Where all batches have the same size, nothing in the run tells that a
loss of your own is a sum: the last batch of an epoch, which may be smaller, is not sampled. A negative `loss_weights`
makes a loss negative on purpose.

## What to try
* Look at the labels: under a binary cross-entropy they are 0 or 1.
* Let the loss be a mean: `reduction="sum_over_batch_size"`, or divide by the batch size.

## References
* 37 reasons why your neural network is not working, 4.3 (check your loss function).
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import KERAS_OWN, Head, heads
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, Rule, Severity, Threshold
from tb_nnhealth.rules._series import Floats, examples_of_a_batch, median, span
from tb_nnhealth.rules._trivial import SUM

RULE = Rule(
    name="loss-reduction",
    category="loss",
    title="The loss is no mean, or is below what it can be",
    passing_title="The loss is a mean of what it can be",
    needs=("loss", "batch_size"),
    min_samples=4,
    thresholds=(
        Threshold("negative", -1e-4, "", "rounding of float32 around zero"),
        Threshold("slope", 0.7, "", "0 for a mean, 1 for a sum"),
        Threshold("sizes", 2.0, "ratio", "batches of about the same size show no slope"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    losses = run.model.compile.get("losses") or []
    known = bool(losses) and all(loss.get("class_name") in KERAS_OWN for loss in losses)
    name = "data_loss" if np.isfinite(run.step.series("data_loss", "step")).any() else "loss"
    values = run.step.series(name, "step").astype(np.float64)
    lowest = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    if known and lowest < limits["negative"]:
        where = int(np.nanargmin(values))
        name, step = losses[0].get("class_name"), run.step.steps[where]
        message = f"{name} cannot be negative, and is {number(lowest)} at step {whole(step)}."
        yield _finding(run, "error", message, lowest, limits["negative"], "loss")
        return
    summed = next((head for head in heads(run) if _is_summed(head)), None)
    if summed is not None:
        yield _of_sum(run, summed)
        return
    slope = _slope(values, run.step.series("batch_size", "step").astype(np.float64), limits["sizes"])
    if slope > limits["slope"]:
        message = f"The loss grows with the batch: by the power {number(slope)} of its size."
        yield _finding(run, "warning", message, slope, limits["slope"], "power")


def _is_summed(head: Head) -> bool:
    """Returns whether a loss of Keras' own is summed; without a last axis to take the mean over it is no sum."""
    keras_own = head.loss in KERAS_OWN
    return keras_own and head.reduction == SUM and len(head.prediction.shape) > 1


def _of_sum(run: HealthRun, head: Head) -> Finding:
    examples = examples_of_a_batch(run)
    follows_scale = (run.model.compile.get("optimizer") or {}).get("class_name") == "SGD"
    return Finding(
        RULE.name,
        severity_of_symptom(run) if follows_scale else "info",
        f"{head.loss} is the sum over the {whole(examples)} examples of a batch, not their mean, and so is its "
        "gradient.",
        layer=head.layer.path if head.layer else None,
        tensor=head.prediction.place,
        **span(run.step.steps),
        statistic="batch_size",
        observed=examples,
        limit=1.0,
        unit="examples",
    )


def _slope(losses: Floats, sizes: Floats, least: float) -> float:
    """Returns the slope of log loss over log batch size between the small and the large batches, 0 if unknown.

    Each small batch is compared with its neighbours in time, so that the fall of the loss plays no part.
    """
    usable = (losses > 0) & (sizes > 0)
    losses, sizes = np.log(losses[usable]), np.log(sizes[usable])
    pairs = [
        (losses[i] - losses[i - 1]) / (sizes[i] - sizes[i - 1])
        for i in range(1, len(sizes))
        if abs(sizes[i] - sizes[i - 1]) > np.log(least)
    ]
    return float(median(pairs)) if len(pairs) >= 4 else 0.0


def _finding(run: HealthRun, severity: Severity, message: str, observed: float, limit: float, unit: str) -> Finding:
    return Finding(
        RULE.name,
        severity,
        message,
        **span(run.step.steps),
        statistic="loss",
        observed=observed,
        limit=limit,
        unit=unit,
    )
