"""Inputs hold no usable values.

## What it detects
NaN or Inf in the inputs, batches that are all zero or all the same number, the same batch at every step, and ids for
an `Embedding` that are not whole.

## Why it matters
One NaN in one example spoils every weight within a step. An input that never varies holds nothing to learn from.
An `Embedding` cuts its ids to whole numbers: of ids that were divided by their maximum only 0 and 1 are left.

## How it is decided
Any non-finite element in a batch is an error. An input that is constant in more than half of the sampled batches is a
warning, and an error where it is the only one, or where a `Rescaling` or a `Normalization` makes a constant of it. An
input whose batches all have the same mean, spread, extremes and share of zeros, at several places of the epoch, is a
warning. Both are information where something is learnt. An input that goes straight into an `Embedding`, and whose
smallest or largest number in a batch is not whole, or which holds numbers between 0 and 1 (their variance is below that
of zeros and ones of the same mean), is an error, and a warning where something is learnt.

## When it is wrong
An input that marks what is missing by NaN, for a model that replaces it in its first layer. A training that is to
learn a single batch by heart, to see whether it can.

## What to try
* Look at one batch as the model gets it: `next(iter(dataset))`, its shape, its numbers, as a picture.
* Look for divisions by zero, factors of zero, logarithms of zero and empty files in the preprocessing.
* Give an `Embedding` whole ids from 0 to `input_dim - 1`: do not divide or standardize them.
* Check that the generator moves on, and that the file that is read is the one that is meant.

## References
* 37 reasons why your neural network is not working, 2.1 (check your input data) and 2.3.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.numbers import percent, whole
from tb_nnhealth.records import BatchTensor, HealthRun
from tb_nnhealth.rules._batches import fractional_ids, repeated_batches
from tb_nnhealth.rules._inputs import measured, scaling_layer
from tb_nnhealth.rules._learning import severity_of_symptom, suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import examples_of_a_batch

RULE = Rule(
    name="bad-input-values",
    category="data",
    title="Inputs hold no usable values",
    passing_title="Inputs are finite and vary",
    needs=("data_nonfinite",),
    min_samples=1,
    thresholds=(
        Threshold("constant", 0.5, "fraction", "most of the batches tell nothing"),
        Threshold("repeats", 8.0, "samples", "so many equal batches in a row are no chance"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    tensors = measured(run, "input")
    if not tensors:
        raise NotJudged("no input was measured")
    yield from list(_of_inputs(run, tensors, limits)) or _flattened(run, limits)


def _of_inputs(run: HealthRun, tensors: Sequence[BatchTensor], limits: Limits) -> Iterator[Finding]:
    for tensor in tensors:
        row = tensor.place
        counts = run.data.series("data_nonfinite", row)
        constant = run.data.series("data_std", row) == 0
        bad = [(int(step), float(count)) for step, count in zip(run.data.steps, counts, strict=True) if count > 0]
        if run.nonfinite is not None:
            bad += [(run.nonfinite.step, place.count) for place in run.nonfinite.places if place.path == row]
        if bad:
            step, count = min(bad)
            message = f"The input {tensor.name} holds {whole(count)} NaN or Inf at step {whole(step)}."
            steps = sorted(step for step, _ in bad)
            yield _finding(row, "error", steps, message, "data_nonfinite", count, 0.0, "elements")
        elif (cut := fractional_ids(run, row)).any():
            message = f"The input {tensor.name} holds ids for an Embedding that are not whole: their fractions are cut."
            spoilt: Severity = "error" if suffers(run) else "warning"
            yield _finding(row, spoilt, run.data.steps[cut], message, "data_max", cut.mean(), 0.0, "of the batches")
        elif _holds_several(run, tensor) and constant.mean() > limits["constant"]:
            message = f"The input {tensor.name} is constant in {percent(constant.mean())} of the sampled batches."
            harm: Severity = "error" if len(tensors) == 1 else "warning"
            harm = harm if suffers(run) else "info"
            yield _finding(
                row,
                harm,
                run.data.steps[constant],
                message,
                "data_std",
                constant.mean(),
                limits["constant"],
                "of the batches",
            )
        elif (repeats := repeated_batches(run, row, limits["repeats"])) >= limits["repeats"]:
            message = f"The input {tensor.name} is the same batch at all {whole(repeats)} sampled steps."
            yield _finding(
                row,
                severity_of_symptom(run),
                run.data.steps,
                message,
                "data_mean",
                repeats,
                limits["repeats"],
                "samples",
            )


def _flattened(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    """Yields a finding where the layer that scales the input leaves nothing of it."""
    layer = scaling_layer(run)
    if layer is None or not examples_of_a_batch(run) > 1:
        return
    constant = run.activations.series("activation_std", layer.rows[0]) == 0
    if constant.mean() > limits["constant"]:
        steps = run.activations.steps[constant]
        yield Finding(
            RULE.name,
            "error" if suffers(run) else "info",
            f"The input behind {layer.path} is constant in {percent(constant.mean())} of the sampled batches.",
            layer=layer.path,
            first_step=int(steps[0]),
            last_step=int(steps[-1]),
            statistic="activation_std",
            observed=float(constant.mean()),
            limit=limits["constant"],
            unit="of the batches",
        )


def _holds_several(run: HealthRun, tensor: BatchTensor) -> bool:
    """Returns whether a batch holds several numbers of more than one axis: a single number is always constant."""
    features = math.prod(size or 2 for size in tensor.shape[1:])
    return len(tensor.shape) > 1 and not features * examples_of_a_batch(run) <= 1


def _finding(
    row: str,
    severity: Severity,
    steps: Sequence[int] | NDArray[np.int64],
    message: str,
    statistic: str,
    observed: float,
    limit: float,
    unit: str,
) -> Finding:
    return Finding(
        RULE.name,
        severity,
        message,
        tensor=row,
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        statistic=statistic,
        observed=float(observed),
        limit=limit,
        unit=unit,
    )
