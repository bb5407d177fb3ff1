"""Features are on very different scales, or never vary.

## What it detects
Inputs some of whose features vary thousands of times more than others, and features of a table that never vary.

## Why it matters
The largest features decide the loss and the step size; what the smallest ones tell is learnt last, or never. A
feature that is the same for all examples tells nothing: a column that was lost on the way, or was never filled.

## How it is decided
The spread of each feature (index on the last axis) is taken over a batch. The largest is put in relation to the
smallest of those that vary at all; the median over all samples is compared with the limit. A model that normalizes by
itself before its first weights is not judged. While something is learnt it is information; else a warning.
Of inputs of shape `(batch, features)` those features that do not vary are counted. Their smallest number of all sampled
batches is information where half of the batches have it: rare features come and go, and their number with them. Where
no feature varies while they differ from each other, all examples of a batch are the same: a warning where nothing is
learnt.

By hand: `x.std(axis=0)`.

## When it is wrong
A rare feature that is zero for almost every example has a small spread without being on another scale. Of rows that
are nearly all zero, such as one-hot rows of thousands of words, each batch may fill other columns, but as many.

## What to try
* Standardize each feature by itself: `keras.layers.Normalization(axis=-1)`, adapted to the training data.
* Take the logarithm of features that span orders of magnitude.
* Leave out features that never vary, or find out where they were lost.

## References
* My neural network isn't working! What should I do?, reason 1.
* LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import BatchTensor, HealthRun
from tb_nnhealth.rules._inputs import normalizing_layer, numeric_inputs, of_data
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import examples_of_a_batch, median, span

RULE = Rule(
    name="uneven-feature-scale",
    category="data",
    title="Features are on very different scales, or never vary",
    passing_title="Features vary on similar scales",
    needs=("feature_std_max",),
    min_samples=1,
    thresholds=(
        Threshold("spread", 1e3, "ratio", "the condition of a least-squares problem grows with the ratio's square"),
        Threshold("constant", 0.1, "fraction", "docs/calibration.md, constant features: pictures in rows have fewer"),
        Threshold("examples", 8.0, "examples", "in smaller batches features are the same by chance"),
        Threshold("samples", 8.0, "samples", "fewer batches do not tell what is constant from what is rare"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if normalizing_layer(run):
        raise NotJudged("the model normalizes its input itself")
    tensors = [tensor for tensor in numeric_inputs(run) if len(tensor.shape) > 1 and tensor.shape[-1] != 1]
    if not tensors:
        raise NotJudged("no input with several features was measured")
    varies = any(of_data(run, "feature_std_max", tensor.place) > 0 for tensor in tensors)
    if not varies and not examples_of_a_batch(run) >= limits["examples"]:
        raise NotJudged("no batches of enough examples for features to vary were measured")
    for tensor in tensors:
        low, high = (of_data(run, f"feature_std_{end}", tensor.place) for end in ("min", "max"))
        if low > 0 and high / low > limits["spread"]:
            least, most = number(low), number(high)
            message = f"The features of the input {tensor.name} have standard deviations from {least} to {most}."
            observed, limit = high / low, limits["spread"]
            yield _finding(
                run, tensor.place, severity_of_symptom(run), message, "feature_std_max", observed, limit, "ratio"
            )
        yield from _constant(run, tensor, limits)


def _constant(run: HealthRun, tensor: BatchTensor, limits: Limits) -> Iterator[Finding]:
    """Yields the finding where as many features of a table do not vary in most of the batches."""
    row, features = tensor.place, tensor.shape[-1]
    counts = run.data.series("constant_features", row)
    counts = counts[np.isfinite(counts)]
    if len(tensor.shape) != 2 or not features or not examples_of_a_batch(run) >= limits["examples"]:
        return
    if len(counts) < limits["samples"] or counts.min() != median(counts) or of_data(run, "data_std", row) == 0:
        return
    count = int(counts.min())
    if count / features < limits["constant"]:
        return
    message = (
        f"In each sampled batch at least {whole(count)} of the {whole(features)} features of the input {tensor.name} "
        "are constant."
    )
    severity: Severity = "info"
    if count >= features:
        message = f"In each sampled batch all examples of the input {tensor.name} are the same."
        severity = severity_of_symptom(run)
    yield _finding(run, row, severity, message, "constant_features", count, limits["constant"] * features, "features")


def _finding(
    run: HealthRun, row: str, severity: Severity, message: str, statistic: str, observed: float, limit: float, unit: str
) -> Finding:
    return Finding(
        RULE.name,
        severity,
        message,
        tensor=row,
        **span(run.data.steps),
        statistic=statistic,
        observed=observed,
        limit=limit,
        unit=unit,
    )
