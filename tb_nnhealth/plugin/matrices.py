"""Tables as bytes, thinned to what a screen can show.

A *frame* is little-endian: uint32 `[format, planes, rows, columns]`, then float64 `first_step[columns]`
and `last_step[columns]`, then float32 `values[planes, rows, columns]`. NaN = not measured.
A column is a bucket of neighbouring samples; first and last step are equal where it holds one.
"""

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.faces.thinning import buckets, extremes, farthest, last_measured, last_taken, reduced
from tb_nnhealth.nonfinite import counts, lost
from tb_nnhealth.records import FloatArray, HealthRun, IntArray, Table

FORMAT = 1


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
    counted = reduced(np.fmax, counts(table, statistic, window=window), starts)
    if np.any(counted > 0):
        planes.append(counted)
    elif np.array_equal(low, high, equal_nan=True):
        planes.pop()
    return _frame(table.steps[window], starts, np.stack([plane.T for plane in planes]))


def flow(run: HealthRun, table: Table, statistic: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame with a row for each of the table, its planes as `_summed_up` has them."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    values, lows, highs = (pick(statistic)[window] for pick in (table.series, table.lows, table.highs))
    return _frame(
        table.steps[window], starts, _summed_up(values, lows, highs, lost(run, table, statistic)[window], starts)
    )


def series(run: HealthRun, table: Table, row: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame with a row for each statistic, its planes as `_summed_up` has them."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    index = table.rows.index(row)
    values = np.asarray(table.values[window, index, :], np.float32)
    lows, highs = table.low[window, index, :], table.high[window, index, :]
    gone = [lost(run, table, statistic, row)[window] for statistic in table.columns]
    return _frame(table.steps[window], starts, _summed_up(values, lows, highs, np.stack(gone, axis=1), starts))


def histogram(table: Table, row: str, first: int, last: int, columns: int, log: bool = False) -> bytes:
    """Returns a frame of one plane, a row for each bin: the share of elements in the bin, of each bucket's last."""
    begin, starts = buckets(table.steps, first, last, columns, log)
    window = slice(begin, begin + int(starts[-1]))
    counts = np.asarray(table.values[window, table.rows.index(row), :], np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return _frame(table.steps[window], starts, last_measured(shares, starts).T[None])


def _summed_up(
    values: FloatArray, lows: FloatArray, highs: FloatArray, gone: NDArray[np.bool_], starts: IntArray
) -> FloatArray:
    """Returns `[3 or 4, rows, buckets]` of `[steps, rows]`: each bucket's last measured value, lowest and highest.

    Where anything is `gone` (was taken and is NaN), a fourth plane is 1 in each bucket that ends so, and its value NaN.
    """
    last, ended = last_taken(values, gone, starts)
    planes = [last, reduced(np.fmin, lows, starts), reduced(np.fmax, highs, starts)]
    if gone.any():
        planes.append(ended.astype(np.float32))
    return np.stack([plane.T for plane in planes])


def _frame(steps: IntArray, starts: IntArray, planes: NDArray[np.float32]) -> bytes:
    first = steps[starts[:-1]].astype("<f8") if len(starts) > 1 else np.zeros(0, "<f8")
    last = steps[starts[1:] - 1].astype("<f8") if len(starts) > 1 else np.zeros(0, "<f8")
    header = np.array([FORMAT, *planes.shape], "<u4")
    return b"".join(part.tobytes() for part in (header, first, last, np.ascontiguousarray(planes, "<f4")))
