"""What rules ask of the batch's tensors."""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.records import BatchTensor, HealthRun, Layer
from tb_nnhealth.rules._epochs import steps_per_epoch
from tb_nnhealth.rules._heads import Head, heads
from tb_nnhealth.rules._series import examples_of_a_batch, layers_with_kernels, median

BY_NUMBERS = ("Rescaling", "Normalization")
"""Layers that normalize by numbers that they were given, or have from `adapt`, whatever they are fed."""


def measured(run: HealthRun, stage: str) -> tuple[BatchTensor, ...]:
    """Returns the tensors of a stage that the data table has a row for."""
    return tuple(t for t in run.model.tensors(stage) if run.data.row(t.place) is not None)


def numeric_inputs(run: HealthRun) -> tuple[BatchTensor, ...]:
    """Returns the inputs whose scale matters: those that are no indices into an embedding or the like."""
    looks_up = any(layer.class_name in ("Embedding", "CategoryEncoding", "Hashing") for layer in run.model.layers)
    integers = ("int", "uint", "bool")
    return tuple(
        tensor
        for tensor in measured(run, "input")
        if not looks_up or not (tensor.dtype.startswith(integers) or _holds_indices(run, tensor))
    )


def _holds_indices(run: HealthRun, tensor: BatchTensor) -> bool:
    """Returns whether a float tensor beside embeddings may hold indices: it has rank 1 or 2 and is never negative."""
    return len(tensor.shape) <= 2 and of_data(run, "data_min", tensor.place) >= 0


def normalizing_layer(run: HealthRun) -> Layer | None:
    """Returns the layer by which the model itself normalizes its input, the last one before any kernel."""
    kernels = layers_with_kernels(run)
    found = None
    for layer in sorted(run.model.layers, key=lambda layer: layer.position):
        if layer.normalizes:
            found = layer
        elif layer.path in kernels:
            break
    return found


def scaling_layer(run: HealthRun) -> Layer | None:
    """Returns the layer that normalizes the input by numbers, where what it gives was measured."""
    layer = normalizing_layer(run)
    if layer is None or layer.class_name not in BY_NUMBERS or not layer.rows:
        return None
    return layer if run.activations.row(layer.rows[0]) is not None else None


def of_data(run: HealthRun, statistic: str, row: str) -> float:
    """Returns the median of a statistic of the batch over all samples, NaN where it was not measured."""
    return float(median(run.data.series(statistic, row)))


def spread(run: HealthRun, row: str) -> float:
    """Returns the standard deviation of what was seen of a tensor: within the batches, and of their means, which is all
    that batches of a single number have."""
    means = run.data.series("data_mean", row)
    means = means[np.isfinite(means)].astype(np.float64)
    return float(np.hypot(of_data(run, "data_std", row), means.std() if len(means) else 0.0))


def examples(run: HealthRun) -> float | None:
    """Returns how many examples an epoch has, None where its length is not known."""
    an_epoch = steps_per_epoch(run)
    return an_epoch * examples_of_a_batch(run) if an_epoch else None


def heads_with(run: HealthRun, losses: tuple[str, ...]) -> Iterator[Head]:
    """Yields the outputs with one of the losses and a target that was measured."""
    for head in heads(run):
        if head.loss in losses and head.target and run.data.row(head.target.place) is not None:
            yield head


def is_outside(value: float, low: float, high: float) -> bool:
    return math.isfinite(value) and not low <= value <= high
