"""Which samples get a row of their own, and what a row carries of those that do not."""

from collections.abc import Mapping

import numpy as np

from tb_nnhealth.records import FloatArray


def is_due(index: int, grid: int) -> bool:
    """Returns whether the sample of this running number gets a row: all up to 2·grid, then ever fewer."""
    return index % (1 << max(0, (index // grid).bit_length() - 1)) == 0


class Window:
    """The samples since the last row: their number, the latest tables, the extremes of each table."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.samples = 0
        self.step = 0
        self.tables: dict[str, FloatArray] = {}
        self.low: dict[str, FloatArray] = {}
        self.high: dict[str, FloatArray] = {}

    def add(self, step: int, tables: Mapping[str, FloatArray]) -> None:
        self.samples += 1
        self.step = step
        self.tables = dict(tables)
        for name, values in tables.items():
            if name in self.low:
                np.fmin(self.low[name], values, out=self.low[name])
                np.fmax(self.high[name], values, out=self.high[name])
            else:
                self.low[name], self.high[name] = values.copy(), values.copy()
