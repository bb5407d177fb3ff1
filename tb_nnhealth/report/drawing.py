"""Curves over the steps as paths of an SVG that is stretched to its place.

Across, a drawing goes from 0 to WIDTH, down from 0 to HEIGHT; what is told beside it stands in per cent of either.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from tb_nnhealth.faces.evidence import Curve
from tb_nnhealth.faces.wording import number, quantities, quantity, steps
from tb_nnhealth.nonfinite import Mask
from tb_nnhealth.report.axis import HEIGHT, Domain, Floats, Tick, domain_of, ticks_of

WIDTH = 1000

LOST = 98.0
"""How far down the marks stand of what is NaN."""


@dataclass(frozen=True)
class Line:
    """A curve as paths: the values, the points alone between two gaps, and the band between the extremes of what each
    value stands for; `lost` is where it is NaN. `since` says that of the last value.
    """

    name: str
    last: str
    path: Markup
    dots: Markup
    band: Markup
    lost: Markup
    since: str


@dataclass(frozen=True)
class Span:
    """From where and how far, in per cent."""

    start: float
    length: float


@dataclass(frozen=True)
class Mark:
    """Where a finding begins, in per cent from the left, and what it is."""

    start: float
    state: str
    told: str


@dataclass(frozen=True)
class Chart:
    """What the page needs of a chart. `limit` and the spans are in per cent from the left or from the top."""

    title: str
    told: str
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    first: str
    last: str
    limit: float | None = None
    limit_label: str = ""
    beyond: Span | None = None
    range: Span | None = None
    marks: tuple[Mark, ...] = ()


def chart(
    title: str,
    curves: Sequence[Curve],
    names: Sequence[str] = ("",),
    limit: float | None = None,
    observed: float | None = None,
    span: tuple[int | None, int | None] = (None, None),
    over: tuple[int, int] | None = None,
    marks: tuple[Mark, ...] = (),
    most_ticks: int = 2,
) -> Chart:
    """Returns the drawing of curves over the same steps.

    Args:
      title: of the chart.
      curves: at least one.
      names: of the curves.
      limit: in force, in the curves' unit.
      observed: what was measured: the limit's side on which it lies is not healthy.
      span: first and last step of what the chart is evidence of.
      over: first and last step of the chart; those of the curves where none are given.
      marks: on the steps of `over`.
      most_ticks: about how many values are told beside it.
    """
    unit, statistic = curves[0].unit, curves[0].statistic
    is_share = unit == "fraction" and limit is None
    domain = Domain(0, 1, False) if is_share else domain_of(curves, statistic, unit, limit)
    if domain.log and any(np.any(part == 0) for curve in curves for part in (curve.values, curve.low)):
        domain = domain.with_zero()
    first, last = over or reach(curves)
    told = quantities([_last(curve) for curve in curves], unit if unit == "fraction" else "")
    lines = tuple(
        _line(curve, name, end, domain, (first, last)) for curve, name, end in zip(curves, names, told, strict=True)
    )
    edge = None if limit is None else float(domain.down(np.array([limit]))[0])
    values = [value for curve in curves for value in curve.values.tolist() if math.isfinite(value)]
    ticks = ticks_of(domain, unit, most_ticks) if values or limit is not None else ()
    within = f", from {quantity(min(values), unit)} to {quantity(max(values), unit)}" if values else ""
    limited = "" if limit is None else f"; limit {quantity(limit, unit)}"
    return Chart(
        title, f"{title}, {steps(first, last)}{within}{limited}", lines,
        ticks, steps(first, None), "" if first == last else f"{last:,}",
        edge, "" if limit is None else f"limit {_told(limit, unit)}",
        _beyond(edge, limit, observed), _range(span, first, last), marks,
    )  # fmt: skip


def reach(curves: Sequence[Curve]) -> tuple[int, int]:
    """Returns the first and the last step of curves."""
    return min(int(curve.steps[0]) for curve in curves), max(int(curve.steps[-1]) for curve in curves)


def place(step: int, first: int, last: int) -> float:
    """Returns where a step stands between two others, in per cent."""
    return min(100.0, max(0.0, 100 * (step - first) / (last - first))) if last > first else 50.0


def _told(value: float, unit: str) -> str:
    return quantity(value, unit) if unit == "fraction" else number(value)


def _line(curve: Curve, name: str, end: str, domain: Domain, over: tuple[int, int]) -> Line:
    first, last = over
    share = (curve.steps - first) / (last - first) if last > first else np.full(len(curve.steps), 0.5)
    x = WIDTH * share.astype(np.float64)
    values, low, high = (domain.down(part.astype(np.float64)) for part in (curve.values, curve.low, curve.high))
    alone, since = np.where(_is_alone(values), values, np.nan), _since(curve)
    gone = _marks(x, _lost(curve))
    return Line(name, "NaN" if since else end, path(x, values), dots(x, alone), band(x, low, high), gone, since)


def _lost(curve: Curve) -> Mask:
    return np.zeros(len(curve.steps), bool) if curve.lost is None else curve.lost


def _last(curve: Curve) -> float:
    """Returns the last value that was taken, NaN where it is that or none was."""
    taken = np.flatnonzero(_lost(curve) | ~np.isnan(curve.values))
    return float(curve.values[taken[-1]]) if taken.size else math.nan


def _since(curve: Curve) -> str:
    """Returns since when a curve is NaN that ends so; nothing of others."""
    gone, known = np.flatnonzero(_lost(curve)), np.flatnonzero(~np.isnan(curve.values))
    later = gone[gone > (known[-1] if known.size else -1)]
    return f"NaN since {steps(int(curve.steps[later[0]]), None)}" if later.size else ""


def _is_alone(values: Floats) -> Mask:
    known = np.pad(~np.isnan(values), 1)
    alone: Mask = known[1:-1] & ~known[:-2] & ~known[2:]
    return alone


def _marks(x: Floats, gone: Mask) -> Markup:
    """Returns marks along the lower edge, from the first to the last of what is gone together."""
    edges = np.flatnonzero(np.diff(np.pad(gone, 1).astype(np.int8))).reshape(-1, 2)
    return Markup("".join(f"M{_point(x[begin], LOST)}H{x[end - 1]:.0f}" for begin, end in edges))


def path(x: Floats, y: Floats) -> Markup:
    """Returns a line with a gap wherever nothing is known; a lone point is a dot."""
    parts, pen = [], False
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(down):
            pen = False
            continue
        parts.append(f"L{_point(across, down)}" if pen else f"M{_point(across, down)}h0")
        pen = True
    return Markup("".join(parts))


def dots(x: Floats, y: Floats) -> Markup:
    """Returns a dot for each known value."""
    known = ~np.isnan(y)
    points = zip(x[known].tolist(), y[known].tolist(), strict=True)
    return Markup("".join(f"M{_point(across, down)}h0" for across, down in points))


def band(x: Floats, low: Floats, high: Floats) -> Markup:
    """Returns the outline between two lines, nothing where they are the same."""
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
    left, right = (place(step, first, last) for step in (begin, begin if end is None else end))
    return Span(left, max(0.5, right - left))
