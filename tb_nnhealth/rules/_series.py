"""What rules ask of a run's series: robust summaries over windows.

A NaN is a value that was not measured: every summary is taken over the others.
"""

from dataclasses import replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_nnhealth.records import HealthRun, Layer, Table, Variable
from tb_nnhealth.rules._once import once

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def median(values: ArrayLike, axis: int | None = None) -> Floats:
    """Returns the median of the measured values, NaN where there are none."""
    array = np.asarray(values)
    if axis is None or array.ndim == 1:
        return np.asarray(_median_of(array[~np.isnan(array)]))
    array = np.moveaxis(array, axis, 0)
    if not len(array):
        return np.full(array.shape[1:], np.nan)
    ordered = np.sort(array, axis=0)  # NaN last
    count = np.count_nonzero(~np.isnan(array), axis=0)
    low, high = (_pick(ordered, np.maximum(count - 1 + odd, 0) // 2) for odd in (0, 1))
    return np.where(count > 0, (low + high) / 2, np.nan)


def _median_of(measured: NDArray[Any]) -> float:
    if not len(measured):
        return np.nan
    measured.sort()
    return (float(measured[(len(measured) - 1) // 2]) + float(measured[len(measured) // 2])) / 2


def _pick(ordered: NDArray[Any], index: NDArray[np.int64]) -> Floats:
    """Returns the entry of that index of each column."""
    picked: Floats = np.take_along_axis(ordered, index[None], 0)[0].astype(np.float64)
    return picked


def mean(values: ArrayLike) -> float:
    """Returns the mean of the finite values, NaN where there are none: what most samples lack counts, too."""
    array = np.asarray(values, np.float64)
    finite = array[np.isfinite(array)]
    return float(finite.mean()) if finite.size else np.nan


class Span(TypedDict):
    """The steps between which a finding has its evidence."""

    first_step: int
    last_step: int


def span(steps: NDArray[Any]) -> Span:
    """Returns the first and the last of the steps that a finding was seen at, for `Finding(…, **span(steps))`."""
    return {"first_step": int(steps[0]), "last_step": int(steps[-1])}


def target_rows(table: Table) -> list[str]:
    """Returns the rows of a table of the batch that are targets."""
    return [row for row in table.rows if row.startswith("target/")]


def class_counts(run: HealthRun, row: str) -> Floats:
    """Returns how often each class was counted at each sample, `[samples, classes]`; 0 where it was not."""
    counts = run.classes.values[:, run.classes.rows.index(row), :].astype(np.float64)
    return np.where(np.isfinite(counts), counts, 0.0)


def late(steps: NDArray[np.int64], minimum: int = 4) -> Mask:
    """Returns which samples lie in the last half of the steps; the last `minimum` ones where these are fewer."""
    if not len(steps):
        return np.zeros(0, bool)
    middle = (int(steps[0]) + int(steps[-1])) / 2
    start = min(int(np.searchsorted(steps, middle)), max(0, len(steps) - minimum))
    return np.arange(len(steps)) >= start


@once
def late_of(run: HealthRun, scope: str) -> Mask:
    """Returns which samples of the table of a scope are late."""
    return late(run.table(scope).steps)


def applied(run: HealthRun, table: Table) -> Mask:
    """Returns at which of the table's steps the optimizer changed the variables.

    It did not where gradient accumulation only accumulated, or where the loss-scale optimizer
    skipped the step; a step of which nothing is known counts.
    """
    idle = (run.step.series("update_applied", "step") == 0) | (run.step.series("step_skipped", "step") == 1)
    return ~np.isin(table.steps, run.step.steps[idle])


def keep(table: Table, samples: Mask) -> Table:
    """Returns the table with some of its samples only; the same table where that is all of them."""
    if samples.all():
        return table
    chosen = np.flatnonzero(samples)
    begins, ends = (int(chosen[0]), int(chosen[-1]) + 1) if len(chosen) else (0, 0)
    part = slice(begins, ends) if ends - begins == len(chosen) else samples  # A slice copies nothing.
    return replace(
        table,
        steps=table.steps[part],
        wall_times=table.wall_times[part],
        values=table.values[part],
        low=table.low[part],
        high=table.high[part],
    )


def before(run: HealthRun, step: int) -> HealthRun:
    """Returns the run as it was before a step, and the inputs and targets that this step was given."""
    return replace(
        run,
        variables=keep(run.variables, run.variables.steps < step),
        activations=keep(run.activations, run.activations.steps < step),
        data=_given(run.data, step),
        step=keep(run.step, run.step.steps < step),
        classes=_given(run.classes, step),
        epochs=tuple(epoch for epoch in run.epochs if epoch.step <= step),
    )


def _given(table: Table, step: int) -> Table:
    """Returns the table of the batch up to a step, without the predictions of that step."""
    kept = keep(table, table.steps <= step)
    last = (kept.steps == step)[:, None] & np.array([row.startswith("prediction/") for row in kept.rows], bool)
    values, low, high = (np.where(last[:, :, None], np.nan, array) for array in (kept.values, kept.low, kept.high))
    return replace(kept, values=values, low=low, high=high)


@once
def kernels(run: HealthRun) -> tuple[Variable, ...]:
    """Returns the trainable kernels in forward order: what a layer multiplies its input by.

    Biases and the scales of normalization are none (attention keeps them in two dimensions); neither
    are embeddings, of which a batch touches a few rows only.
    """
    return tuple(variable for variable in run.model.variables if variable.trainable and is_kernel(variable))


def layers_with_kernels(run: HealthRun) -> set[str]:
    """Returns the paths of the layers that multiply by a kernel, trainable or not."""
    return {variable.layer for variable in run.model.variables if is_kernel(variable)}


def is_kernel(variable: Variable) -> bool:
    other = any(word in variable.role for word in ("bias", "gamma", "beta", "embedding"))
    return len(variable.shape) >= 2 and not other


def rows_of(table: Table, variables: tuple[Variable, ...]) -> tuple[tuple[Variable, ...], list[int]]:
    """Returns those of the variables that have a row in the table, and the rows' indices."""
    found = [(variable, table.row(variable.path)) for variable in variables]
    present = [(variable, row) for variable, row in found if row is not None]
    return tuple(variable for variable, _ in present), [row for _, row in present]


@once
def of_present_loss(run: HealthRun) -> HealthRun:
    """Returns the run with those steps, data and epochs only that saw the losses in force: others do not compare."""
    step, data, classes = (keep(t, t.steps >= run.loss_since) for t in (run.step, run.data, run.classes))
    epochs = tuple(epoch for epoch in run.epochs if epoch.step > run.loss_since)
    return replace(run, step=step, data=data, classes=classes, epochs=epochs)


def examples_of_a_batch(run: HealthRun) -> float:
    """Returns the median batch size of the sampled steps, NaN where it was not measured."""
    return float(median(run.step.series("batch_size", "step")))


def has_one_label_each(run: HealthRun, counts: Floats) -> bool:
    """Returns whether as many labels were counted of a batch as it has examples: those of one example go together.

    Args:
      run: the run.
      counts: of the classes, `[batches, classes]`, of batches that were counted.
    """
    return bool(np.median(counts.sum(axis=1)) <= examples_of_a_batch(run))


def of_calls(run: HealthRun, layer: Layer, statistic: str) -> float:
    """Returns the median of a layer's activation statistic over the late window: of its smallest call."""
    window = late_of(run, "activation")
    return min((float(median(run.activations.series(statistic, row)[window])) for row in layer.rows), default=np.nan)
