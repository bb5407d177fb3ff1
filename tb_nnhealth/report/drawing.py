"""Curves over the steps as paths of an SVG that is stretched to its place.

Across, a drawing goes from 0 to WIDTH, down from 0 to HEIGHT; what is told beside it stands in per cent of either.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from tb_nnhealth.faces.evidence import Curve
from tb_nnhealth.faces.wording import number, quantity, steps
from tb_nnhealth.report.scale import WIDE, is_logarithmic

WIDTH, HEIGHT = 1000, 100

INSET = 4.0
"""Room for the line's width above the highest value and below the lowest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A curve as paths: the values, and the band between the extremes of what each stands for."""

    name: str
    last: str
    path: Markup
    band: Markup


@dataclass(frozen=True)
class Span:
    """From where and how far, in per cent."""

    start: float
    length: float


@dataclass(frozen=True)
class Chart:
    """What the page needs of a chart. `limit` and the spans are in per cent from the left or from the top."""

    title: str
    told: str
    lines: tuple[Line, ...]
    low: str
    high: str
    first: str
    last: str
    limit: float | None = None
    limit_label: str = ""
    beyond: Span | None = None
    range: Span | None = None


@dataclass(frozen=True)
class Domain:
    """The values from the bottom of a chart to its top."""

    low: float
    high: float
    log: bool

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


def chart(
    title: str,
    curves: Sequence[Curve],
    names: Sequence[str] = ("",),
    limit: float | None = None,
    observed: float | None = None,
    span: tuple[int | None, int | None] = (None, None),
) -> Chart:
    """Returns the drawing of curves over the same steps.

    Args:
      title: of the chart.
      curves: at least one, each with a finite value.
      names: of the curves.
      limit: in force, in the curves' unit.
      observed: what was measured: the limit's side on which it lies is not healthy.
      span: first and last step of what the chart is evidence of.
    """
    unit, statistic = curves[0].unit, curves[0].statistic
    domain = domain_of(curves, statistic, unit, limit)
    first = min(int(curve.steps[0]) for curve in curves)
    last = max(int(curve.steps[-1]) for curve in curves)
    lines = tuple(_line(curve, name, domain, first, last) for curve, name in zip(curves, names, strict=True))
    edge = None if limit is None else float(domain.down(np.array([limit]))[0])
    values = [value for curve in curves for value in curve.values.tolist() if math.isfinite(value)]
    within = f", from {quantity(min(values), unit)} to {quantity(max(values), unit)}" if values else ""
    limited = "" if limit is None else f"; limit {quantity(limit, unit)}"
    return Chart(
        title, f"{title}, {steps(first, last)}{within}{limited}", lines,
        _mark(domain.low, unit), _mark(domain.high, unit), steps(first, None), "" if first == last else f"{last:,}",
        edge, "" if limit is None else f"limit {_mark(limit, unit)}",
        _beyond(edge, limit, observed), _range(span, first, last),
    )  # fmt: skip


def _mark(value: float, unit: str) -> str:
    return quantity(value, unit) if unit == "fraction" else number(value)


def domain_of(curves: Sequence[Curve], statistic: str, unit: str, limit: float | None) -> Domain:
    every = np.concatenate([np.concatenate([c.values, c.low, c.high]).astype(np.float64) for c in curves])
    known = every[np.isfinite(every)]
    positive = known[known > 0]
    given = [] if limit is None else [limit]
    if positive.size and known.min() >= 0 and (
        is_logarithmic(statistic) or positive.max() / positive.min() > WIDE
    ):  # fmt: skip
        bounds = [float(positive.min()), float(positive.max()), *(value for value in given if value > 0)]
        low = math.floor(math.log10(min(bounds)))
        return Domain(10.0**low, 10.0 ** max(math.ceil(math.log10(max(bounds))), low + 1), True)
    bounds = [float(known.min()), float(known.max()), *given, *((0.0, 1.0) if unit == "fraction" else ())]
    low_value, high_value = min(bounds), max(bounds)
    room = 0.0 if high_value > low_value else abs(high_value) / 10 or 1.0
    return Domain(low_value - (0.0 if low_value == 0 else room), high_value + room, False)


def _line(curve: Curve, name: str, domain: Domain, first: int, last: int) -> Line:
    share = (curve.steps - first) / (last - first) if last > first else np.full(len(curve.steps), 0.5)
    x = WIDTH * share.astype(np.float64)
    values, low, high = (domain.down(part.astype(np.float64)) for part in (curve.values, curve.low, curve.high))
    measured = curve.values[~np.isnan(curve.values)]
    told = quantity(float(measured[-1]), curve.unit) if measured.size else "–"
    return Line(name, told, _path(x, values), _band(x, low, high))


def _path(x: Floats, y: Floats) -> Markup:
    """Returns a line with a gap wherever nothing is known; a lone point is a dot."""
    parts, pen = [], False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(down):
            pen = False
            continue
        parts.append(f"L{_point(across, down)}" if pen else f"M{_point(across, down)}h0")
        pen = True
    return Markup("".join(parts))


def _band(x: Floats, low: Floats, high: Floats) -> Markup:
    known = np.flatnonzero(~(np.isnan(low) | np.isnan(high)))
    if not np.any(low[known] != high[known]):
        return Markup("")
    there = [_point(x[index], high[index]) for index in known]
    back = [_point(x[index], low[index]) for index in known[::-1]]
    return Markup("M" + "L".join([*there, *back]) + "Z")


def _point(across: float, down: float) -> str:
    return f"{across:.0f} {down:.1f}"


def _beyond(edge: float | None, limit: float | None, observed: float | None) -> Span | None:
    if edge is None or limit is None or observed is None or observed == limit:
        return None
    return Span(0, edge) if observed > limit else Span(edge, HEIGHT - edge)


def _range(span: tuple[int | None, int | None], first: int, last: int) -> Span | None:
    begin, end = span
    if begin is None or last == first:
        return None
    left, right = (
        min(100.0, max(0.0, 100 * (step - first) / (last - first))) for step in (begin, begin if end is None else end)
    )
    return Span(left, max(0.5, right - left))
