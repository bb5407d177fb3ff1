"""Steps thinned to what a screen can show: neighbouring samples share a bucket, and its extremes stay."""

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import FloatArray, IntArray, Table


def buckets(steps: IntArray, first: int, last: int, columns: int, log: bool = False) -> tuple[int, IntArray]:
    """Returns where the samples of a step range begin, and the offset from there of each bucket's first sample.

    The range includes the sample before it and the one after it, so that a line reaches both its ends.
    At most `columns` buckets share the samples evenly, or where `log` is set by equal parts of log(1 + step);
    `starts` has one more entry, the end.
    """
    begin = max(0, int(np.searchsorted(steps, first, "left")) - 1)
    end = min(len(steps), int(np.searchsorted(steps, last, "right")) + 1)
    count = max(0, end - begin)
    if not log or count <= columns:
        return begin, np.linspace(0, count, min(count, columns) + 1).astype(np.int64)
    places = np.log1p(steps[begin:end])
    part = np.floor(columns * (places - places[0]) / (places[-1] - places[0])).clip(max=columns - 1)
    return begin, np.concatenate([[0], np.flatnonzero(np.diff(part)) + 1, [count]]).astype(np.int64)


def cells(table: Table, statistic: str, window: slice, starts: IntArray) -> FloatArray:
    """Returns `[rows, buckets]`: of each bucket in a window of the samples the value of largest magnitude, signed.

    A row of the event file may itself stand for several samples: its extremes count.
    """
    return farthest(*extremes(table, statistic, window, starts)).T


def thinned(
    steps: IntArray, values: FloatArray, low: FloatArray, high: FloatArray, columns: int
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Returns one row over all its steps: each bucket's first step, last measured value, lowest and highest.

    Args:
      steps, values, low, high: `[steps]`; NaN = not measured.
      columns: buckets, at most.
    """
    _, starts = buckets(steps, 0, int(steps[-1]) if len(steps) else 0, columns)
    last = last_measured(values[:, None], starts)[:, 0]
    return steps[starts[:-1]], last, reduced(np.fmin, low, starts), reduced(np.fmax, high, starts)


def farthest(low: FloatArray, high: FloatArray) -> FloatArray:
    """Returns elementwise the one of larger magnitude; NaN only where both are."""
    choose_low = np.isnan(high) | (np.abs(low) > np.abs(high))
    return np.where(choose_low, low, high)


def extremes(table: Table, statistic: str, window: slice, starts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Returns the lowest and the highest of each bucket in a window of the samples, each `[buckets, rows]`."""
    return (
        reduced(np.fmin, table.lows(statistic)[window], starts),
        reduced(np.fmax, table.highs(statistic)[window], starts),
    )


def reduced(extreme: np.ufunc, values: FloatArray, starts: IntArray) -> FloatArray:
    if len(starts) < 2:
        return values[:0]
    reduced: FloatArray = extreme.reduceat(values, starts[:-1], axis=0)
    return reduced


def last_measured(values: FloatArray, starts: IntArray) -> FloatArray:
    """Returns of each bucket the last value that is not NaN."""
    if len(starts) < 2:
        return values[:0]
    order = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    latest = np.maximum.reduceat(order, starts[:-1], axis=0)
    picked = np.take_along_axis(values, np.maximum(latest, 0), axis=0)
    return np.where(latest < 0, np.float32(np.nan), picked)


def last_taken(values: FloatArray, gone: NDArray[np.bool_], starts: IntArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Returns of each bucket the last value that is not NaN, and which buckets end in one that is gone: NaN, these."""
    states = np.where(gone, np.float32(1), np.where(np.isnan(values), np.float32(np.nan), np.float32(0)))
    ended = np.nan_to_num(last_measured(states, starts)) > 0
    return np.where(ended, np.float32(np.nan), last_measured(values, starts)), ended
