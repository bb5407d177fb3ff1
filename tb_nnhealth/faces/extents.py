"""How far a statistic goes in a whole run: its colours stand for that, whatever part of the run is shown."""

from dataclasses import dataclass

import numpy as np

from tb_nnhealth.records import FloatArray, Table


@dataclass(frozen=True)
class Extent:
    """The lowest finite value, the least one above 0 and the highest; None where there is none."""

    low: float | None = None
    least: float | None = None
    high: float | None = None


def extent(table: Table, statistic: str) -> Extent:
    """Returns the extent of a statistic over all rows and samples, those that a row of the event file sums up, too."""
    lows, highs = (_finite(values) for values in (table.lows(statistic), table.highs(statistic)))
    if not lows.size:
        return Extent()
    positive = [float(values.min()) for values in (lows[lows > 0], highs[highs > 0]) if values.size]
    return Extent(float(lows.min()), min(positive, default=None), float(highs.max()))


def _finite(values: FloatArray) -> FloatArray:
    finite: FloatArray = values[np.isfinite(values)]
    return finite
