"""The values beside a chart: from where to where they go, at what height each stands, and which are told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.faces.evidence import Curve
from tb_nnhealth.faces.wording import number
from tb_nnhealth.report.scale import WIDE, is_logarithmic

HEIGHT = 100

INSET = 4.0
"""Room for the line's width above the highest value and below the lowest."""

SLACK = 1e-6
"""Share of a decade by which a value may lie outside of it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """A value that is told, and how far below the top it stands, in per cent."""

    label: str
    down: float


@dataclass(frozen=True)
class Domain:
    """The values from the bottom of a chart to its top; with a `zero` the bottom of a logarithmic one stands for 0."""

    low: float
    high: float
    log: bool
    zero: bool = False

    def down(self, values: Floats) -> Floats:
        """Returns how far below the top values stand, NaN where they cannot be drawn."""
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.log:
                share = np.log(np.where(values > 0, values, self.low) / self.low) / math.log(self.high / self.low)
            else:
                share = (values - self.low) / (self.high - self.low)
        share = np.where(np.isfinite(values), np.clip(share, 0, 1), np.nan)
        drawn: Floats = INSET + (HEIGHT - 2 * INSET) * (1 - share)
        return drawn

    def with_zero(self) -> "Domain":
        """Returns the domain with a place for 0, a decade below all else."""
        return replace(self, low=self.low / 10, zero=True)


def domain_of(curves: Sequence[Curve], statistic: str, unit: str, limit: float | None) -> Domain:
    """Returns what holds all finite values and the limit; anything where there are none."""
    every = np.concatenate([np.concatenate([c.values, c.low, c.high]).astype(np.float64) for c in curves])
    known = every[np.isfinite(every)]
    positive = known[known > 0]
    given = [] if limit is None else [limit]
    if positive.size and known.min() >= 0 and (
        is_logarithmic(statistic) or positive.max() / positive.min() > WIDE
    ):  # fmt: skip
        return decades_of([float(positive.min()), float(positive.max()), *(value for value in given if value > 0)])
    bounds = [*(known.tolist() or [0.0, 1.0]), *given, *((0.0, 1.0) if unit == "fraction" else ())]
    low_value, high_value = min(bounds), max(bounds)
    room = 0.0 if high_value > low_value else abs(high_value) / 10 or 1.0
    return Domain(low_value - (0.0 if low_value == 0 else room), high_value + room, False)


def decades_of(positive: Sequence[float]) -> Domain:
    """Returns the whole decades that hold what is above 0, as far as a float32 tells: its 1e-5 is less than that."""
    low = math.floor(math.log10(min(positive)) + SLACK)
    return Domain(10.0**low, 10.0 ** max(math.ceil(math.log10(max(positive)) - SLACK), low + 1), True)


def ticks_of(domain: Domain, unit: str, most: int) -> tuple[Tick, ...]:
    """Returns the values that are told beside a chart, in words that tell them apart.

    Args:
      domain: of the chart.
      unit: of the values.
      most: about how many, beside that for 0.
    """
    least = 10 * domain.low if domain.zero else domain.low
    values = decades(least, domain.high, most) if domain.log else ticks(domain.low, domain.high, most)
    if len(values) < 2:
        values = [least, domain.high]
    scale = 100.0 if unit == "fraction" else 1.0
    shown = [scale * value for value in values]
    labels = [number(value) for value in shown] if domain.log else tick_labels(shown)
    told = [f"{label} %" if unit == "fraction" else label for label in labels]
    heights = domain.down(np.array(values, np.float64)).tolist()
    zero = (Tick("0", HEIGHT - INSET),) if domain.zero else ()
    return (*zero, *(Tick(label, height) for label, height in zip(told, heights, strict=True)))


MOST_TRIED = 8
"""Ticks of which at least two are looked for."""


def ticks(low: float, high: float, most: int) -> list[float]:
    """Returns round values between the two."""
    rough = (high - low) / max(1, most)
    if not (rough > 0 and math.isfinite(rough)):
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    gap = next((factor * power for factor in (1, 2, 5, 10) if factor * power >= rough), rough)
    first, last = math.ceil(low / gap), math.floor(high * (1 + math.copysign(1e-12, high)) / gap)
    found = [float(f"{index * gap:.12g}") for index in range(first, last + 1)]
    return found if len(found) > 1 or most > MOST_TRIED else ticks(low, high, 2 * most)  # One value tells no size.


def decades(low: float, high: float, most: int) -> list[float]:
    """Returns powers of ten between two numbers above 0, or 1, 2, 5 between where there is but one."""
    powers = [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]

    def inside(values: Sequence[float]) -> list[float]:
        return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]

    tens = inside(powers)
    if len(tens) < 2:
        return inside([factor * power for power in powers for factor in (1, 2, 5)])
    return tens[:: math.ceil(len(tens) / most)]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Returns evenly spaced values with as many decimals as tell them apart."""
    gap = abs(values[1] - values[0]) if len(values) > 1 else 0.0
    if gap < 1e-4 or max(map(abs, values)) >= 1e6:
        return [number(value) for value in values]
    decimals = max(0, -math.floor(math.log10(gap) + 1e-9))
    return [f"{value:,.{decimals}f}".replace("-", "−") for value in values]
