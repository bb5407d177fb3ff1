"""The layers: a table of them, and of each what its page in the tab has, as far as there is room."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces.bands import Band
from tb_nnhealth.faces.facts import layer_facts, tables
from tb_nnhealth.faces.wording import number, quantity
from tb_nnhealth.records import HealthRun, Layer, Table
from tb_nnhealth.report.drawing import Chart
from tb_nnhealth.report.plans import layer_charts, rows_of, tail
from tb_nnhealth.report.spread import Spread, spread
from tb_nnhealth.rules import Finding
from tb_nnhealth.rules._rule import SEVERITIES
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.vocabulary import STATISTICS

MOST_LAYERS = 200
"""Layers of the table."""

MOST_OPENED = 100
"""Layers with charts of their own."""

MOST_FINDINGS = 6
MOST_SPREADS = 12
MOST_VARIABLES = 12

COLUMNS = ("activation_std", "dead_unit_fraction", "kernel/gradient_rms", "kernel/update_ratio")
"""Columns of the layers' table, by the scorecard's names."""

UNITS = {name: STATISTICS[name.rpartition("/")[2]].unit for name in COLUMNS}

SPREADS = {
    "variables": {"value": "values", "gradient": "gradient", "update": "update"},
    "activations": {"activation": "output"},
}
"""What the rows of a table have histograms of, with the words for it."""


@dataclass(frozen=True)
class Opened:
    """A layer's own part: its facts, its first variables, each finding with its rule's title and whether it is but a
    sign of another place, charts over the steps, and histograms."""

    place: int
    facts: Mapping[str, Any]
    variables: Sequence[Mapping[str, Any]]
    findings: tuple[tuple[Finding, str, bool], ...]
    more: int
    worst: str
    charts: tuple[Chart, ...]
    spreads: tuple[Spread, ...]


def listed(card: Scorecard) -> list[Mapping[str, Any]]:
    """Returns the layers of the table, in forward order: those that fail, as far as there is room, then the first."""
    order = sorted(range(len(card.layers)), key=lambda index: (card.layers[index]["status"] != "fail", index))
    return [card.layers[index] for index in sorted(order[:MOST_LAYERS])]


def opened(run: HealthRun, card: Scorecard, bands: Mapping[str, Band], over: tuple[int, int]) -> list[Opened]:
    """Returns the layers with a part of their own, in forward order.

    Where there are too many: those with findings, then those whose update ratio goes farthest out of its band.

    Args:
      run: the run.
      card: its scorecard.
      bands: where statistics are healthy.
      over: first and last step of the charts.
    """
    layers = run.model.layers
    about = [_about(run, card.findings, layer) for layer in layers]
    far = _far(run, bands.get("update_ratio"))
    order = sorted(range(len(layers)), key=lambda at: (not any(own for _, own in about[at]), -far[at], at))
    rules = {verdict.rule.name: verdict for verdict in card.rules}
    histograms = {kind: run.histograms[kind] for kinds in SPREADS.values() for kind in kinds if kind in run.histograms}
    return [_opened(run, at, about[at], rules, histograms, over) for at in sorted(order[:MOST_OPENED])]


def _opened(
    run: HealthRun, at: int, about: list[tuple[Finding, bool]], rules: Mapping[str, Verdict],
    histograms: Mapping[str, Table], over: tuple[int, int],
) -> Opened:  # fmt: skip
    layer = run.model.layers[at]
    told = layer_facts(run, layer)
    return Opened(
        place=at,
        facts=told,
        variables=told["variables"][:MOST_VARIABLES],
        findings=tuple(
            (finding, rules[finding.rule].rule.title, not own)
            for finding, own in about[:MOST_FINDINGS]
            if finding.rule in rules
        ),
        more=len(about[MOST_FINDINGS:]),
        worst=max((finding.severity for finding, _ in about), key=SEVERITIES.index, default=""),
        charts=tuple(layer_charts(run, layer, over)),
        spreads=tuple(_spreads(run, layer, histograms)),
    )


def _spreads(run: HealthRun, layer: Layer, histograms: Mapping[str, Table]) -> list[Spread]:
    found = (
        spread(histograms[kind], row, " ".join(filter(None, (tail(layer.path, row), word))) or "output")
        for table, rows in rows_of(run, layer).items()
        for row in rows
        for kind, word in SPREADS[table].items()
        if kind in histograms
    )
    return [one for one in found if one is not None][:MOST_SPREADS]


def _about(run: HealthRun, findings: Iterable[Finding], layer: Layer) -> list[tuple[Finding, bool]]:
    """Returns the findings about a layer, and whether each is its own: else it is one of several signs."""
    names = {layer.path, *layer.rows, *(variable.path for variable in run.model.variables_of(layer.path))}
    found = []
    for finding in findings:
        is_own = not names.isdisjoint((finding.variable, finding.layer))
        if is_own or not names.isdisjoint(finding.others):
            found.append((finding, is_own))
    return found


def _far(run: HealthRun, band: Band | None) -> list[float]:
    """Returns of each layer by how many decades its update ratio was out of the band, at most."""
    table = tables(run)["variables"]
    if not table.samples("update_ratio") or band is None or not band.low or not band.high:
        return [0.0] * len(run.model.layers)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (np.log10(pick("update_ratio")) for pick in (table.lows, table.highs))
        out = np.fmax(np.log10(band.low) - low, high - np.log10(band.high))
    worst = np.fmax.reduce(np.where(np.isnan(out), 0, out), axis=0, initial=0)
    rows = {row: float(value) for row, value in zip(table.rows, worst, strict=True)}
    return [max((rows[row] for row in rows_of(run, layer)["variables"]), default=0.0) for layer in run.model.layers]


def start(initial: Mapping[str, Any]) -> str:
    """Returns what a variable was like before the first step."""
    if initial.get("constant"):
        return "all the same"
    spread = initial.get("std", initial.get("frozen_std"))
    if not isinstance(spread, (int, float)):
        return "–"
    alike = initial.get("identical_units") or 0
    return f"std {number(spread)}" + (f", {quantity(alike, 'fraction')} of the units alike" if alike else "")
