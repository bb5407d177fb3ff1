"""Unpacks tables and histograms: blocks of several sessions into one array over all steps.

In memory the numbers of one statistic lie side by side, `[columns, steps, rows]`: rules, and what the page asks for,
go through all of one statistic, and seldom through several.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.reader._data import Series, Session
from tb_nnhealth.records import FloatArray, IntArray, Table
from tb_nnhealth.vocabulary import HISTOGRAM_BINS

BINS = tuple(str(index) for index in range(HISTOGRAM_BINS))


class _Part(NamedTuple):
    """What a block holds of a session: the rows and columns of the table that it fills, and its events."""

    session: int
    rows: IntArray
    columns: IntArray
    steps: IntArray
    wall_times: NDArray[np.float64]
    values: Sequence[Any]
    """Of each event."""


class Assembly:
    """One table in the making: the union of its sessions' rows and columns, the last session's first.

    Each block is put into its place as it comes, so that a large table is in memory once; they may come from several
    threads. Extremes come after all blocks: they are kept of the steps that these have.
    """

    def __init__(self, sessions: Sequence[Session], layouts: Sequence[Mapping[str, Any] | None]) -> None:
        self._starts = [session.start_step for session in sessions]
        self._layouts = [layout and {"extremes_blocks": layout["blocks"], **layout} for layout in layouts]
        known = [layout for layout in reversed(self._layouts) if layout]
        self.rows = tuple(dict.fromkeys(row for layout in known for row in layout["rows"]))
        self._columns = tuple(dict.fromkeys(column for layout in known for column in layout["columns"]))
        self._row = {name: index for index, name in enumerate(self.rows)}
        self._column = {name: index for index, name in enumerate(self._columns)}
        self.blocks, self.extremes_blocks = (
            max((len(layout[part]) for layout in known), default=0) for part in ("blocks", "extremes_blocks")
        )
        self._steps = np.zeros(0, np.int64)
        self._values = self._low = self._high = self._empty(self._steps)
        self._times: dict[tuple[int, int], tuple[IntArray, NDArray[np.float64]]] = {}
        self._lock = threading.Lock()

    def add(self, tag: str, block: int, series: Series) -> list[str]:
        """Takes the events of a block; returns a sentence on those that do not fit the manifest of their session."""
        problems: list[str] = []
        parts = list(self._parts(tag, series, "blocks", block, (), problems))
        with self._lock:
            self._reach([part.steps for part in parts])
            for part in parts:
                self._times[part.session, block] = part.steps, part.wall_times
                _place(self._values, np.searchsorted(self._steps, part.steps), part, part.values)
        return problems

    def add_extremes(self, tag: str, block: int, series: Series) -> list[str]:
        """Takes the extremes of a block, `[2, rows, columns]` an event; returns as `add` does."""
        problems: list[str] = []
        parts = list(self._parts(tag, series, "extremes_blocks", block, (2,), problems))
        with self._lock:
            if parts and self._low is self._values:
                self._low, self._high = self._values.copy("K"), self._values.copy("K")
            for part in parts:
                here = np.isin(part.steps, self._steps)
                at = np.searchsorted(self._steps, part.steps[here])
                pairs = [part.values[index] for index in np.flatnonzero(here).tolist()]
                _place(self._low, at, part, [pair[0] for pair in pairs])
                _place(self._high, at, part, [pair[1] for pair in pairs])
        return problems

    def table(self) -> Table:
        wall_times = np.zeros(len(self._steps))
        for _, (steps, times) in sorted(self._times.items()):
            wall_times[np.searchsorted(self._steps, steps)] = times
        return Table(self.rows, self._columns, self._steps, wall_times, self._values, self._low, self._high)

    def _reach(self, steps: Sequence[IntArray]) -> None:
        """Makes room for the steps: blocks have the same ones, but for what was lost of some."""
        every = np.unique(np.concatenate([self._steps, *steps]))
        if len(every) > len(self._steps):
            values = self._empty(every)
            values[np.searchsorted(every, self._steps)] = self._values
            self._steps = every
            self._values = self._low = self._high = values

    def _empty(self, steps: IntArray) -> FloatArray:
        """Returns an array `[steps, rows, columns]` of NaN."""
        return np.full((len(self._columns), len(steps), len(self.rows)), np.nan, np.float32).transpose(1, 2, 0)

    def _parts(
        self, tag: str, series: Series, cut: str, block: int, before: tuple[int, ...], problems: list[str]
    ) -> Iterator[_Part]:
        """Yields what the block of that cut holds of each session.

        Args:
          before: an event's shape before its rows and columns.
        """
        stops = [*self._starts[1:], np.iinfo(np.int64).max]
        for session, (layout, first, last) in enumerate(zip(self._layouts, self._starts, stops, strict=True)):
            if layout is None or block >= len(layout[cut]):
                continue
            start, stop = layout[cut][block]
            columns = np.array([self._column[name] for name in layout["columns"]], np.int64)
            chosen = np.flatnonzero((series.steps >= first) & (series.steps < last))
            chosen = _fitting(tag, series, chosen, (*before, stop - start, len(columns)), problems)
            if not len(chosen):
                continue
            rows = np.array([self._row[name] for name in layout["rows"][start:stop]], np.int64)
            values = [series.values[index] for index in chosen.tolist()]
            yield _Part(session, rows, columns, series.steps[chosen], series.wall_times[chosen], values)


def _fitting(tag: str, series: Series, chosen: IntArray, shape: tuple[int, ...], problems: list[str]) -> IntArray:
    fits = np.array([_is_numbers(series.values[index], shape) for index in chosen], bool)
    if not fits.all():
        first = int(chosen[~fits][0])
        wrong = series.values[first]
        received = "text" if isinstance(wrong, str) else f"shape {list(wrong.shape)}"
        problems.append(
            f"{tag}: {np.sum(~fits)} events do not fit the manifest and are left out. "
            f"Expected shape {list(shape)}. Received: {received} at step {series.steps[first]}"
        )
    fitting: IntArray = chosen[fits]
    return fitting


def _is_numbers(value: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(value, np.ndarray) and value.shape == shape and value.dtype == np.float32


def _place(array: FloatArray, at: IntArray, part: _Part, values: Sequence[FloatArray]) -> None:
    """Sets the part's place in the array, event by event: each is small enough to stay at hand while it is turned."""
    rows, columns = _as_index(part.rows), _as_index(part.columns)
    is_plain = isinstance(rows, slice) and isinstance(columns, slice)
    place = (rows, columns) if is_plain else np.ix_(part.rows, part.columns)
    for index, value in zip(at.tolist(), values, strict=True):
        array[index][place] = value


def _as_index(indices: IntArray) -> slice | IntArray:
    """Returns a slice where the indices are a range, which is much faster."""
    if len(indices) and indices[-1] - indices[0] == len(indices) - 1 and (np.diff(indices) == 1).all():
        return slice(int(indices[0]), int(indices[-1]) + 1)
    return indices
