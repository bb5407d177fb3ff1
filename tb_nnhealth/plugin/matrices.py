"""Tables as bytes, thinned to what a screen can show.

A *frame* is little-endian: uint32 `[format, planes, rows, columns]`, then float64 `first_step[columns]`
and `last_step[columns]`, then float32 `values[planes, rows, columns]`. NaN = not measured.
A column is a bucket of neighbouring samples; first and last step are equal where it holds one.
"""

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.faces.thinning import buckets, extremes, farthest, last_measured, reduced
from tb_nnhealth.records import FloatArray, IntArray, Table

FORMAT = 1

COUNTS = (
    ("output_gradient_", ("output_gradient_nonfinite",)),
    ("gradient_ratio", ("gradient_nonfinite", "value_nonfinite")),
    ("gradient_missing", ()),
    ("gradient_", ("gradient_nonfinite",)),
    ("value_", ("value_nonfinite",)),
    ("update_", ("gradient_nonfinite", "value_nonfinite")),
    (("activation_", "silent_", "dead_", "saturated_"), ("activation_nonfinite",)),
    (("data_", "feature_", "constant_"), ("data_nonfinite",)),
)
"""By how a statistic's name begins: what counts the NaN and Inf in the tensors that it is made of."""


def matrix(table: Table, statistic: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame of two planes: of each bucket the value of largest magnitude, and the extreme on the other side.

    A row of the event file may itself stand for several samples: its extremes count. Where there is NaN or Inf
    in what the statistic is made of, a third plane holds how many elements are, at most; where there is none, and all
    buckets hold one value, a single plane does.
    """
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    low, high = extremes(table, statistic, window, starts)
    far = farthest(low, high)
    planes = [far, np.where(far == low, high, low)]
    counts = [reduced(np.fmax, table.highs(name)[window], starts) for name in counted_by(statistic) if table.has(name)]
    if any(np.any(count > 0) for count in counts):
        planes.append(np.nan_to_num(np.fmax.reduce(counts)))
    elif np.array_equal(low, high, equal_nan=True):
        planes.pop()
    return _frame(table.steps[window], starts, np.stack([plane.T for plane in planes]))


def counted_by(statistic: str) -> tuple[str, ...]:
    """Returns the statistics that count NaN and Inf in the tensors that a statistic is made of."""
    return next((counts for start, counts in COUNTS if statistic.startswith(start)), ())


def flow(table: Table, statistic: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame of three planes, a row for each of the table: the bucket's last value, lowest and highest."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    values, lows, highs = (pick(statistic)[window] for pick in (table.series, table.lows, table.highs))
    return _frame(table.steps[window], starts, _summed_up(values, lows, highs, starts))


def series(table: Table, row: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame of three planes, a row for each statistic: the bucket's last value, lowest and highest."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    index = table.rows.index(row)
    values = np.asarray(table.values[window, index, :], np.float32)
    lows, highs = table.low[window, index, :], table.high[window, index, :]
    return _frame(table.steps[window], starts, _summed_up(values, lows, highs, starts))


def histogram(table: Table, row: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame of one plane, a row for each bin: the share of elements in the bin, of each bucket's last."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    counts = np.asarray(table.values[window, table.rows.index(row), :], np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return _frame(table.steps[window], starts, last_measured(shares, starts).T[None])


def _summed_up(values: FloatArray, lows: FloatArray, highs: FloatArray, starts: IntArray) -> FloatArray:
    """Returns `[3, rows, buckets]` of `[steps, rows]`: each bucket's last measured value, lowest and highest."""
    planes = (last_measured(values, starts), reduced(np.fmin, lows, starts), reduced(np.fmax, highs, starts))
    return np.stack([plane.T for plane in planes])


def _frame(steps: IntArray, starts: IntArray, planes: NDArray[np.float32]) -> bytes:
    first = steps[starts[:-1]].astype("<f8") if len(starts) > 1 else np.zeros(0, "<f8")
    last = steps[starts[1:] - 1].astype("<f8") if len(starts) > 1 else np.zeros(0, "<f8")
    header = np.array([FORMAT, *planes.shape], "<u4")
    return b"".join(part.tobytes() for part in (header, first, last, np.ascontiguousarray(planes, "<f4")))
