"""Gradient flow: a statistic from the first layer to the last, at the last measured step and over the run."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from tb_nnhealth.faces.bands import Band
from tb_nnhealth.faces.branches import Branch, branches_of, ends, in_depth
from tb_nnhealth.faces.wording import number, plural, quantity, steps
from tb_nnhealth.nonfinite import Mask, lost, samples
from tb_nnhealth.records import FloatArray, HealthRun, IntArray, Table
from tb_nnhealth.report.axis import HEIGHT, INSET, Domain, Floats, Tick, decades_of, ticks_of
from tb_nnhealth.report.drawing import WIDTH, Span, band, dots, path
from tb_nnhealth.report.labels import labels_of
from tb_nnhealth.vocabulary import STATISTICS

FLOWS = (
    ("gradient_rms", "Gradient"),
    ("output_gradient_rms", "Gradient into output"),
    ("update_ratio", "Update ÷ weight"),
    ("gradient_ratio", "Gradient ÷ weight"),
    ("activation_std", "Output"),
)
"""What is followed through the layers, with its title."""

MOST_ROWS = 2000
MOST_LABELS = 36
LETTER = 0.62
"""Width of a label's letter, in per cent of the chart."""

MOST_PAIRS = 3
"""Outputs to which the first row is compared."""

MOST_TICKS = 6
MOST_DOTS = 120

_BESIDE = re.compile(r"(^|/)(bias|beta|gamma|recurrent_bias)$")
"""Variables beside the weights proper: their scale is not that of their layer."""


@dataclass(frozen=True)
class Label:
    """A row's short name, and where it stands, in per cent from the left."""

    text: str
    at: float


@dataclass(frozen=True)
class Flow:
    """What the page needs of a statistic against depth.

    `path` is that of the last measured step, `band` what it was over the run; `dots` are the values where there is room
    for them, `edges` what is zero or infinite. `healthy` is in per cent from the top.
    """

    title: str
    meaning: str
    told: str
    path: Markup
    dots: Markup
    edges: Markup
    band: Markup
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    is_leaning: bool
    healthy: Span | None
    usual: str
    left_out: int


def flows(run: HealthRun, bands: Mapping[str, Band]) -> list[Flow]:
    """Returns the flows of those statistics that were measured.

    Args:
      run: the run.
      bands: where statistics are healthy.
    """
    drawn = (_flow(run, run.table(STATISTICS[name].scope), name, title, bands.get(name)) for name, title in FLOWS)
    return [found for found in drawn if found is not None]


def _flow(run: HealthRun, table: Table, name: str, title: str, limits: Band | None) -> Flow | None:
    if not samples(run, table, name):
        return None
    rows, own, left_out = _rows(run, table)
    missing, gone = np.isnan(table.series(name)[:, rows]), lost(run, table, name)[:, rows]
    known = np.flatnonzero(~missing.all(axis=1))
    at = int(known[-1]) if known.size else len(table.steps) - 1
    values = table.series(name)[at, rows].astype(np.float64)
    low, high = (_extreme(extreme, part[:, rows]) for extreme, part in _parts(table, name))
    healthy = _limits(limits)
    domain = _domain(low, high, healthy)
    x = WIDTH * (np.arange(len(rows)) + 0.5) / len(rows)
    lines = lines_of(own)
    names = [table.rows[index] for index in rows]
    labels = _labels(names)
    return Flow(
        title=title,
        meaning=STATISTICS[name].meaning,
        told=_summary(names, own, values, steps(int(table.steps[at]), None), bool(gone[at].any()))
        + _end(table.steps[at + 1 :], gone[at + 1 :]),
        path=_joined(path(x[line], _above(domain, values[line])) for line in lines),
        dots=dots(x, _above(domain, values)) if len(rows) <= MOST_DOTS else Markup(""),
        edges=dots(x, np.where(values == 0, HEIGHT - INSET, np.where(np.isposinf(values), INSET, np.nan))),
        band=_joined(band(x[line], domain.down(low[line]), domain.down(high[line])) for line in lines),
        ticks=ticks_of(domain, "", MOST_TICKS),
        labels=labels,
        is_leaning=LETTER * len(labels) * max(2 + len(label.text) for label in labels) > 100,
        healthy=_span(domain, healthy),
        usual=" … ".join(number(math.log10(value)) for value in healthy),
        left_out=left_out,
    )


def _rows(run: HealthRun, table: Table) -> tuple[list[int], list[Branch], int]:
    """Returns the weights proper of a table, or all rows where there are none, by their depth; the outputs that each
    leads to; and how many have no room."""
    every = list(range(len(table.rows)))
    own = branches_of(run, table.rows)
    shown = [index for index in every if not _BESIDE.search(table.rows[index])] or every
    drawn = sorted(shown, key=lambda index: in_depth(own[index]))[:MOST_ROWS]
    return drawn, [own[index] for index in drawn], len(shown[MOST_ROWS:])


def lines_of(own: Sequence[Branch]) -> list[slice]:
    """Returns what a line joins: one row leads to all that the next one leads to."""
    breaks = [index + 1 for index, (one, other) in enumerate(pairwise(own)) if not set(other) <= set(one)]
    return [slice(first, last) for first, last in pairwise([0, *breaks, len(own)])]


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _parts(table: Table, name: str) -> tuple[tuple[np.ufunc, FloatArray], ...]:
    return (np.fmin, table.lows(name)), (np.fmax, table.highs(name))


def _extreme(extreme: np.ufunc, values: FloatArray) -> Floats:
    """Returns the lowest or the highest finite value of each row over the run."""
    found: Floats = extreme.reduce(np.where(np.isfinite(values), values, np.nan), axis=0).astype(np.float64)
    return found


def _limits(limits: Band | None) -> tuple[float, ...]:
    if not limits or not limits.usual or not limits.high or limits.usual >= limits.high:
        return ()
    return limits.usual, limits.high


def _domain(low: Floats, high: Floats, healthy: tuple[float, ...]) -> Domain:
    every = np.concatenate([low, high, healthy])
    positive = every[every > 0]
    domain = decades_of(positive.tolist() or [0.1, 1.0])
    return domain.with_zero() if np.any(low == 0) else domain


def _above(domain: Domain, values: Floats) -> Floats:
    """Returns how far below the top the values above 0 stand, NaN of all others."""
    return domain.down(np.where(values > 0, values, np.nan))


def _span(domain: Domain, healthy: tuple[float, ...]) -> Span | None:
    if not healthy:
        return None
    bottom, top = domain.down(np.array(healthy)).tolist()
    return Span(top, bottom - top)


def _labels(names: list[str]) -> tuple[Label, ...]:
    """Returns as many names as have room."""
    gap = math.ceil(len(names) / MOST_LABELS)
    told = labels_of(names)
    return tuple(Label(told[index], 100 * (index + 0.5) / len(names)) for index in range(0, len(names), gap))


def _end(later: IntArray, gone: Mask) -> str:
    """Returns from when on all is NaN: there are no numbers after the step that is told."""
    return f" All is NaN from step {later[0]:,} on." if len(later) and gone[0].any() else ""


def _summary(names: list[str], own: list[Branch], values: Floats, when: str, is_gone: bool) -> str:
    """Returns how far the first row is from the last one of each output."""
    known = np.flatnonzero(~np.isnan(values)).tolist()
    if not known:
        return f"At {when} all is NaN." if is_gone else f"At {when} nothing was measured."
    pairs = [(known[first], known[last]) for first, last in ends([own[index] for index in known])]
    named = [None, *(first for first, _ in pairs)]
    told = [
        _compared(names, values, *pair, pair[0] == before)
        for pair, before in zip(pairs[:MOST_PAIRS], named, strict=False)
    ]
    more = f" and so on for {plural(len(pairs) - MOST_PAIRS, 'more output')}" if len(pairs) > MOST_PAIRS else ""
    return f"At {when}, {' and '.join(told)}{more}."


def _compared(names: list[str], values: Floats, first: int, last: int, is_named: bool) -> str:
    start = "" if is_named else f"{names[first]} has "
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = float(values[first] / values[last])
    if first == last:
        return f"{start}{quantity(values[first])}"
    if ratio == 0 or not math.isfinite(ratio):
        return f"{start}{quantity(values[first])}, and {names[last]} {quantity(values[last])}"
    return f"{start}{number(ratio)} × what {names[last]} has"
