"""The loss against the learning rate as a drawing: two curves, and marks with their names in lanes above them.

Across, places are in per cent; down, they are in pixels from the top of the lanes.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from tb_nnhealth.faces.rates import Floats, Rates
from tb_nnhealth.faces.wording import number
from tb_nnhealth.report.axis import decades, tick_labels, ticks
from tb_nnhealth.report.drawing import WIDTH, path

TALL, LANE = 190, 17
"""Pixels of the curves, and of the name of a mark."""

INSET = 0.05
"""Room below the lowest loss and above the highest, as a share of the height."""

BEYOND = -0.4
"""How far above the upper edge a curve is followed that leaves the chart, as a share of the height."""

TURN = 62.0
"""From where on a mark's name stands left of it."""

MOST_RATES, MOST_LOSSES = 9, 4


@dataclass(frozen=True)
class Mark:
    """Rates that are marked, `[from, to]` or one, and the name of the mark, which stands `down` in its lane."""

    name: str
    kind: str
    told: str
    places: tuple[float, ...]
    down: int

    @property
    def is_turned(self) -> bool:
        return self.places[0] > TURN


@dataclass(frozen=True)
class RatesChart:
    """What the page needs of the drawing; the curves begin `top` pixels down. Ticks are labels with their places."""

    told: str
    losses: Markup
    smoothed: Markup
    marks: tuple[Mark, ...]
    loss_ticks: tuple[tuple[str, float], ...]
    rate_ticks: tuple[tuple[str, float], ...]
    top: int

    @property
    def bottom(self) -> int:
        return self.top + TALL


def rates_chart(rates: Rates) -> RatesChart:
    """Returns the drawing of a curve."""
    marks = _in_lanes(list(_marks(rates)))
    top = LANE * len(marks)
    x = WIDTH * _across(rates, rates.rates) / 100
    losses, smoothed = (path(x, TALL * _down(rates, values)) for values in (rates.losses, rates.smoothed))
    shown = np.array(
        decades(rates.low, rates.high, MOST_LOSSES) if rates.log else ticks(rates.low, rates.high, MOST_LOSSES)
    )
    labels = [number(loss) for loss in shown] if rates.log else tick_labels(shown.tolist())
    tried = decades(rates.first, rates.last, MOST_RATES)
    said = [f"Loss by learning rate from {number(rates.rates[0])} to {number(rates.rates[-1])}"]
    return RatesChart(
        ", ".join([*said, *(f"{mark.name} {mark.told}" for mark in marks)]), losses, smoothed, marks,
        tuple(zip(labels, (top + TALL * _down(rates, shown)).tolist(), strict=True)),
        tuple(zip(map(number, tried), _across(rates, np.array(tried)).tolist(), strict=True)),
        top,
    )  # fmt: skip


def _marks(rates: Rates) -> Iterator[Mark]:
    own = "your schedule" if len(rates.own) > 1 else "yours"
    for name, kind, given in (
        (own, "own", rates.own),
        ("highest to try", "suggestion", (rates.suggestion,)),
        ("explodes", "explosion", (rates.explosion,)),
    ):
        known = [rate for rate in given if rate is not None]
        if known:
            places = tuple(_across(rates, np.array(known)).tolist())
            yield Mark(name, kind, "–".join(map(number, known)), places, 0)


def _in_lanes(marks: list[Mark]) -> tuple[Mark, ...]:
    """Returns the marks from the top: so that as few lines as can be go through the name of another."""
    ordered = sorted(marks, key=lambda mark: (not mark.is_turned, mark.places[0] * (-1 if mark.is_turned else 1)))
    return tuple(Mark(mark.name, mark.kind, mark.told, mark.places, LANE * lane) for lane, mark in enumerate(ordered))


def _across(rates: Rates, given: Floats) -> Floats:
    """Returns how far from the left rates stand, in per cent."""
    places: Floats = 100 * np.log(given / rates.first) / math.log(rates.last / rates.first)
    return places


def _down(rates: Rates, losses: Floats) -> Floats:
    """Returns how far below the upper edge losses stand, as a share of the height; NaN stays that."""
    if rates.log:
        share = np.log(np.maximum(losses, rates.low) / rates.low) / math.log(rates.high / rates.low)
    else:
        share = (losses - rates.low) / (rates.high - rates.low)
    placed: Floats = np.maximum(BEYOND, INSET + (1 - 2 * INSET) * (1 - share))
    return placed
