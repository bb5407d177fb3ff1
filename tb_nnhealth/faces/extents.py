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
    return extent_of(table.lows(statistic), table.highs(statistic))


def extent_of(*parts: FloatArray) -> Extent:
    """Returns the extent of all the values."""
    known = [values for values in map(_finite, parts) if values.size]
    if not known:
        return Extent()
    positive = [float(values[values > 0].min()) for values in known if np.any(values > 0)]
    low, high = min(float(values.min()) for values in known), max(float(values.max()) for values in known)
    return Extent(low, min(positive, default=None), high)


def _finite(values: FloatArray) -> FloatArray:
    finite: FloatArray = values[np.isfinite(values)]
    return finite
