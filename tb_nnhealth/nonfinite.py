"""Which numbers were taken and are not finite, and which were not taken: a table holds NaN of both.

The NaN and Inf of variables, outputs and the batch are counted beside what is measured of the rest. What is measured of
the step has no such count: it was taken where anything of the same sample was not finite, or had been before.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import FloatArray, HealthRun, Table

Mask = NDArray[np.bool_]

COUNTS = (
    ("output_gradient_", ("output_gradient_nonfinite",)),
    ("gradient_ratio", ("gradient_nonfinite", "value_nonfinite")),
    (("gradient_missing", "gradient_global_"), ()),
    ("gradient_", ("gradient_nonfinite",)),
    ("value_", ("value_nonfinite",)),
    ("update_", ("gradient_nonfinite", "value_nonfinite")),
    (("activation_", "silent_", "dead_", "saturated_"), ("activation_nonfinite",)),
    (("data_", "feature_", "constant_"), ("data_nonfinite",)),
)
"""By how a statistic's name begins: what counts the NaN and Inf in the tensors that it is made of."""

OF_THE_STEP = ("loss", "data_loss", "regularization_loss", "gradient_global_norm", "clipped_fraction")
OF_THE_STEP_EACH = ("output_loss/", "metric/", "target_variance/")
"""The statistics of the step that are made of what may not be finite, and how names of several such begin."""


def counted_by(statistic: str) -> tuple[str, ...]:
    """Returns the statistics that count NaN and Inf in the tensors that a statistic is made of."""
    return next((counts for start, counts in COUNTS if statistic.startswith(start)), ())


def counts(table: Table, statistic: str, row: str | None = None, window: slice = slice(None)) -> FloatArray:
    """Returns how many elements of what a statistic is made of were NaN or Inf, at most: `[steps, rows]`.

    Args:
      table: of the statistic.
      statistic: its name.
      row: for `[steps]` of one row alone.
      window: of the table's steps.
    """
    known = [table.highs(name, row)[window] for name in counted_by(statistic) if table.has(name)]
    none = np.zeros_like(table.series(statistic, row)[window])
    found: FloatArray = np.fmax.reduce([none, *known])
    return found


def lost(run: HealthRun, table: Table, statistic: str, row: str | None = None) -> Mask:
    """Returns where a statistic was taken and is NaN: `[steps, rows]`.

    NaN was not taken of a row that was NaN while all was finite, too, and never a number: a sigmoid has a share of
    saturated elements, a ReLU has none.

    Args:
      run: the run.
      table: one of its tables.
      statistic: a column of the table.
      row: for `[steps]` of one row alone.
    """
    missing = np.isnan(table.series(statistic, row))
    if not missing.any():
        return missing
    if table is run.step:
        spoilt = np.broadcast_to(_spoilt(run, statistic).reshape(-1, *[1] * (missing.ndim - 1)), missing.shape)
    else:
        spoilt = counts(table, statistic, row) > 0
    is_taken = ~missing.all(axis=0) | ~(missing & ~spoilt).any(axis=0)
    found: Mask = missing & spoilt & is_taken
    return found


def spoilt(run: HealthRun, table: Table, statistic: str, row: str) -> Mask:
    """Returns where anything that a statistic is made of was NaN or Inf, be the rest a number or not: `[steps]`.

    Args:
      run, table, statistic, row: as of `lost`.
    """
    counted: Mask = counts(table, statistic, row) > 0
    return counted | lost(run, table, statistic, row)


def samples(run: HealthRun, table: Table, statistic: str) -> int:
    """Returns at how many steps a statistic was taken, in whichever rows, be it finite or not."""
    if not table.has(statistic):
        return 0
    taken = ~np.isnan(table.series(statistic)) | lost(run, table, statistic)
    return int(np.count_nonzero(taken.any(axis=1)))


def _spoilt(run: HealthRun, statistic: str) -> Mask:
    """Returns at which samples of the step anything was not finite, or had been before."""
    steps = run.step.steps
    if statistic not in OF_THE_STEP and not statistic.startswith(OF_THE_STEP_EACH):
        return np.zeros(len(steps), bool)
    spoilt = np.isin(steps, np.fromiter(_counted(run), np.int64))
    return spoilt if run.nonfinite is None else spoilt | (steps >= run.nonfinite.step)


def _counted(run: HealthRun) -> Iterable[int]:
    """Yields the steps at which NaN or Inf were counted anywhere."""
    for table in (run.variables, run.activations, run.data):
        for name in table.columns:
            if name.endswith("_nonfinite"):
                yield from table.steps[(table.highs(name) > 0).any(axis=1)].tolist()
