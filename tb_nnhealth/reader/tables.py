"""Unpacks tables and histograms: blocks of several sessions into one array over all steps.

In memory the numbers of one statistic lie side by side, `[columns, steps, rows]`: rules, and what the page asks for,
go through all of one statistic, and seldom through several.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.reader._data import Series, Session
from tb_nnhealth.records import FloatArray, IntArray, Table
from tb_nnhealth.summary import metadata
from tb_nnhealth.vocabulary import HISTOGRAM_BINS

BINS = tuple(str(index) for index in range(HISTOGRAM_BINS))


def assemble_table(name: str, sessions: Sequence[Session], series: Mapping[str, Series], problems: list[str]) -> Table:
    """Returns the table over all sessions; rows that do not fit their session's manifest are left out."""
    layouts = [session.manifest["tables"].get(name) for session in sessions]
    return _Assembly(sessions, layouts, series, problems).table(
        lambda block: metadata.table_tag(name, block), lambda block: metadata.extremes_tag(name, block)
    )


def assemble_histogram(
    name: str, sessions: Sequence[Session], series: Mapping[str, Series], problems: list[str]
) -> Table:
    """Returns the histogram over all sessions, as a table whose columns are the bins."""
    layouts = [session.manifest["histograms"].get(name) for session in sessions]
    layouts = [layout and {**layout, "columns": BINS} for layout in layouts]
    return _Assembly(sessions, layouts, series, problems).table(lambda block: metadata.histogram_tag(name, block))


class _Part(NamedTuple):
    """A block of a session: the rows and columns of the table that it fills, and its events."""

    rows: IntArray
    columns: IntArray
    steps: IntArray
    wall_times: NDArray[np.float64]
    values: Sequence[Any]
    """Of each event."""


class _Assembly:
    """One table in the making: the union of its sessions' rows and columns, the last session's first."""

    def __init__(
        self,
        sessions: Sequence[Session],
        layouts: Sequence[Mapping[str, Any] | None],
        series: Mapping[str, Series],
        problems: list[str],
    ) -> None:
        self._starts = [session.start_step for session in sessions]
        self._layouts = layouts
        self._series = series
        self._problems = problems
        known = [layout for layout in reversed(layouts) if layout]
        self._rows = tuple(dict.fromkeys(row for layout in known for row in layout["rows"]))
        self._columns = tuple(dict.fromkeys(column for layout in known for column in layout["columns"]))

    def table(self, tag: Callable[[int], str], extremes_tag: Callable[[int], str] | None = None) -> Table:
        parts = list(self._parts(tag, ()))
        times: dict[int, float] = {}
        for part in parts:
            times.update(zip(part.steps.tolist(), part.wall_times.tolist(), strict=True))
        steps = np.array(sorted(times), np.int64)
        values = self._empty(steps)
        for part in parts:
            _place(values, np.searchsorted(steps, part.steps), part, part.values)
        low = high = values
        extremes = list(self._parts(extremes_tag, (2,))) if extremes_tag else []
        if extremes:
            low, high = values.copy("K"), values.copy("K")
        for part in extremes:
            here = np.isin(part.steps, steps)
            at = np.searchsorted(steps, part.steps[here])
            pairs = [part.values[index] for index in np.flatnonzero(here).tolist()]
            _place(low, at, part, [pair[0] for pair in pairs])
            _place(high, at, part, [pair[1] for pair in pairs])
        written = np.array([times[step] for step in steps.tolist()], np.float64)
        return Table(self._rows, self._columns, steps, written, values, low, high)

    def _empty(self, steps: IntArray) -> FloatArray:
        """Returns an array `[steps, rows, columns]` of NaN."""
        return np.full((len(self._columns), len(steps), len(self._rows)), np.nan, np.float32).transpose(1, 2, 0)

    def _parts(self, tag: Callable[[int], str], before: tuple[int, ...]) -> Iterator[_Part]:
        """Yields each session's blocks; `before` is the shape of an event before its rows and columns."""
        row_index = {name: index for index, name in enumerate(self._rows)}
        column_index = {name: index for index, name in enumerate(self._columns)}
        stops = [*self._starts[1:], np.iinfo(np.int64).max]
        for layout, first, last in zip(self._layouts, self._starts, stops, strict=True):
            if layout is None:
                continue
            columns = np.array([column_index[name] for name in layout["columns"]], np.int64)
            for number, (start, stop) in enumerate(layout["blocks"]):
                series = self._series.get(tag(number))
                if series is None:
                    continue
                chosen = np.flatnonzero((series.steps >= first) & (series.steps < last))
                shape = (*before, stop - start, len(columns))
                chosen = self._fitting(tag(number), series, chosen, shape)
                if not len(chosen):
                    continue
                rows = np.array([row_index[name] for name in layout["rows"][start:stop]], np.int64)
                values = [series.values[index] for index in chosen.tolist()]
                yield _Part(rows, columns, series.steps[chosen], series.wall_times[chosen], values)

    def _fitting(self, tag: str, series: Series, chosen: IntArray, shape: tuple[int, ...]) -> IntArray:
        fits = np.array([_is_numbers(series.values[index], shape) for index in chosen], bool)
        if not fits.all():
            first = int(chosen[~fits][0])
            wrong = series.values[first]
            received = "text" if isinstance(wrong, str) else f"shape {list(wrong.shape)}"
            self._problems.append(
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
