"""Statistics over the sampled steps, and histograms, as packed tables."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """A packed table over the sampled steps.

    `values[t, r, c]` is the statistic `columns[c]` of `rows[r]` at step `steps[t]`; NaN = not
    measured. `low` and `high` are the extremes over all samples that the row stands for (since the
    row before); equal to `values` where it stands for itself alone.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    steps: IntArray
    wall_times: NDArray[np.float64]
    values: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def empty(cls) -> "Table":
        none = np.zeros((0, 0, 0), np.float32)
        return cls((), (), np.zeros(0, np.int64), np.zeros(0), none, none, none)

    def has(self, statistic: str) -> bool:
        return statistic in self._column

    def row(self, name: str) -> int | None:
        return self._row.get(name)

    def series(self, statistic: str, row: str | None = None) -> FloatArray:
        """Returns the statistic at each sampled step: `[steps, rows]`, or `[steps]` of one row."""
        return self._pick(self.values, statistic, row)

    def lows(self, statistic: str, row: str | None = None) -> FloatArray:
        return self._pick(self.low, statistic, row)

    def highs(self, statistic: str, row: str | None = None) -> FloatArray:
        return self._pick(self.high, statistic, row)

    def samples(self, statistic: str) -> int:
        """Returns at how many steps the statistic was measured, in whichever rows."""
        if statistic not in self._samples:
            series = self.series(statistic)
            self._samples[statistic] = int(np.count_nonzero(~np.isnan(series).all(axis=1))) if series.size else 0
        return self._samples[statistic]

    def last(self, statistic: str, row: str) -> float:
        """Returns the last measured value of the statistic, NaN where there is none."""
        series = self.series(statistic, row)
        measured = series[~np.isnan(series)]
        return float(measured[-1]) if measured.size else float("nan")

    def _pick(self, array: FloatArray, statistic: str, row: str | None) -> FloatArray:
        column = self._column.get(statistic)
        if column is None:
            return np.full((len(self.steps), len(self.rows)) if row is None else len(self.steps), np.nan, np.float32)
        if row is None:
            return array[:, :, column]
        index = self._row.get(row)
        if index is None:
            return np.full(len(self.steps), np.nan, np.float32)
        return array[:, index, column]

    @cached_property
    def _samples(self) -> dict[str, int]:
        """What `samples` has counted: many rules ask for the same."""
        return {}

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.columns)}

    @cached_property
    def _row(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.rows)}


class Histograms(Mapping[str, Table]):
    """The histograms of each kind, as tables whose columns are the bins.

    No rule needs them, and there are many: a table is read whenever it is asked for. `rows` are those of the kinds of
    which any were written.
    """

    def __init__(
        self, rows: Mapping[str, tuple[str, ...]], kinds: tuple[str, ...], read: Callable[[str], Table]
    ) -> None:
        self.rows = rows
        self._kinds = kinds
        self._read = read

    @classmethod
    def of(cls, tables: Mapping[str, Table]) -> "Histograms":
        """Returns those that are at hand."""
        return cls({kind: table.rows for kind, table in tables.items()}, tuple(tables), tables.__getitem__)

    def changed(self, change: Callable[[Table], Table]) -> "Histograms":
        """Returns the histograms with each table changed, when it is read."""
        return Histograms(self.rows, self._kinds, lambda kind: change(self._read(kind)))

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds

    def __getitem__(self, kind: str) -> Table:
        if kind not in self._kinds:
            raise KeyError(kind)
        return self._read(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)
