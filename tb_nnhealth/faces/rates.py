"""The loss against the learning rate, as the preflight's probe measured it, and what part of it a chart shows."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import value_of, values_of

PROBE = "learning-rate-range"

MOST_POINTS = 1000

WIDE = 1000.0
"""Losses that differ by more than this factor before they explode stand on a logarithmic scale."""

ABOVE = 0.5
"""Room above the losses before the explosion, as a share of their span: enough to see the curve leave the chart."""

LARGEST = float(np.finfo(np.float32).max)
"""A loss beyond it is no number of a training, and a rate as far from 1 on either side no rate."""

FARTHEST = 1e4
"""A mark that lies farther out of the rates that were tried is not drawn."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rates:
    """The curve and its marks.

    `rates`, `losses` of single steps, and `smoothed`, `[n]`; NaN is what is not finite. The marks are None where the
    probe found none; `own` is the learning rate that the model was compiled with: one, the first and the highest of a
    schedule where they differ, or none that is known. Of an optimizer made of several all rates are those of the first.
    A chart goes from `first` to `last` across, by the logarithm, and from `low` to `high`, by the logarithm too where
    `log`; what lies above `high` leaves the chart.
    """

    rates: Floats
    losses: Floats
    smoothed: Floats
    explosion: float | None
    suggestion: float | None
    own: tuple[float, ...]
    first: float
    last: float
    low: float
    high: float
    log: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns strict JSON data."""
        curves = {name: _plain(getattr(self, name)) for name in ("rates", "losses", "smoothed")}
        rest = ("explosion", "suggestion", "first", "last", "low", "high", "log")
        return {**curves, "own": list(self.own), **{name: getattr(self, name) for name in rest}}


def rates_of(run: HealthRun) -> Rates | None:
    """Returns what the probe measured; None where it was not run, or measured too little for a chart."""
    probed = run.probes.get(PROBE)
    if probed is None:
        return None
    rates, losses, smoothed = _curves(probed)
    if not len(rates) or rates[0] == rates[-1] or not np.isfinite(smoothed).any():
        return None
    explosion, suggestion = (_mark(value_of(probed, name), rates) for name in ("explosion", "suggestion"))
    own = tuple(dict.fromkeys(rate for rate in _own(probed) if _mark(rate, rates) is not None))
    marks = [rate for rate in (explosion, suggestion, *own) if rate is not None]
    return Rates(
        rates, losses, smoothed, explosion, suggestion, own,
        min([float(rates[0]), *marks]), max([float(rates[-1]), *marks]), *_shown(rates, losses, smoothed, explosion),
    )  # fmt: skip


def _curves(probed: Probed) -> tuple[Floats, Floats, Floats]:
    """Returns the rates in their order, and the losses at each."""
    every = [values_of(probed, name) for name in ("rates", "losses", "smoothed")]
    count = min(map(len, every))
    rates, losses, smoothed = (np.where(np.abs(part[:count]) <= LARGEST, part[:count], np.nan) for part in every)
    known = np.flatnonzero(rates >= 1 / LARGEST)
    order = known[np.argsort(rates[known], kind="stable")][:: max(1, math.ceil(len(known) / MOST_POINTS))]
    return rates[order], losses[order], smoothed[order]


def _own(probed: Probed) -> list[float]:
    """Returns the compiled rate, or a schedule's first and highest."""
    several = values_of(probed, "own")
    return [value_of(probed, "own")] if not len(several) else [float(several.min()), float(several.max())]


def _mark(rate: float, rates: Floats) -> float | None:
    low, high = max(rates[0] / FARTHEST, 1 / LARGEST), min(rates[-1] * FARTHEST, LARGEST)
    return float(rate) if low <= rate <= high else None


def _shown(rates: Floats, losses: Floats, smoothed: Floats, explosion: float | None) -> tuple[float, float, bool]:
    """Returns the least and the highest loss of a chart, and whether it is logarithmic: a loss that explodes does so by
    any factor, and before it lies what there is to see."""
    known = np.isfinite(smoothed)
    before = rates < explosion if explosion is not None else np.arange(len(rates)) <= np.nanargmin(smoothed)
    if not (before & known).any():
        before = known
    calm = np.concatenate([smoothed[before], losses[before]])
    low, high = float(np.nanmin(calm)), float(np.nanmax(calm))
    log = low >= 1 / LARGEST and high / low > WIDE
    room = high * (high / low) ** ABOVE if log else high + ABOVE * (high - low)
    high = min(room, max(high, float(np.nanmax(smoothed))))
    if not low < high < math.inf:
        room = abs(low) / 10 or 1.0
        low, high, log = low - room, low + room, False
    return low, high, log


def _plain(values: Floats) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]
