"""The curve behind each finding: its statistic over the steps, thinned to a small picture, and the limit in force."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.faces.thinning import buckets, reduced, thinned
from tb_nnhealth.faces.wording import NAMES
from tb_nnhealth.nonfinite import spoilt
from tb_nnhealth.records import FloatArray, HealthRun, IntArray, Table
from tb_nnhealth.rules import Finding
from tb_nnhealth.rules._rule import OnCurve
from tb_nnhealth.vocabulary import STATISTICS

MOST_POINTS = 160
MOST_PLACES = 8
"""Curves of one rule: the page shows no more of its findings."""

LOGGED = ("metric/", "epoch/")
"""What the names begin with of what Keras logs: it is judged by the ends of epochs."""

OF_OTHER_KIND = ("clipping-always", "pretrained-input-range")
"""Rules whose limit is on a share of the steps or on a difference, in the unit of the statistic all the same."""

ROLES = {"large-bias": "bias"}
"""The variable of a layer that a rule's finding is about, where it names the layer alone."""


@dataclass(frozen=True)
class Curve:
    """A statistic of one row over the sampled steps; `low` and `high` are the extremes that each step stands for.

    `lost`: where it was taken and is NaN, None where that was not asked; behind a finding also where it is taken over
    what is finite beside NaN or infinity.
    """

    row: str
    statistic: str
    unit: str
    steps: IntArray
    values: FloatArray
    low: FloatArray
    high: FloatArray
    lost: NDArray[np.bool_] | None = None


def evidence(run: HealthRun, findings: Iterable[Finding]) -> list[dict[str, Any] | None]:
    """Returns of each finding what a small chart of it needs, None where it is about nothing that was measured.

    Args:
      run: the run that was judged.
      findings: of the run's scorecard.
    """
    told: Counter[str] = Counter()
    drawn = []
    for finding in findings:
        told[finding.rule] += 1
        curve = _curve(run, finding) if told[finding.rule] <= MOST_PLACES else None
        drawn.append(_picture(curve, finding) if curve and not np.isnan(curve.values).all() else None)
    return drawn


def _curve(run: HealthRun, finding: Finding) -> Curve | None:
    name = finding.on_curve.curve if finding.on_curve else finding.statistic or ""
    if name.startswith(LOGGED):
        return of_epochs(run, name.partition("/")[2])
    statistic = STATISTICS.get(name)
    if statistic is None:
        return None
    table = run.table(statistic.scope)
    row = next((name for name in _rows(run, finding, statistic.scope) if table.row(name) is not None), None)
    if row is None or not table.has(statistic.name):
        return None
    curve = of_table(table, row, statistic.name, statistic.unit)
    return replace(curve, lost=spoilt(run, table, statistic.name, row))


def of_table(table: Table, row: str, statistic: str, unit: str) -> Curve:
    """Returns a statistic of a row of the table."""
    values, low, high = (pick(statistic, row) for pick in (table.series, table.lows, table.highs))
    return Curve(row, statistic, unit, table.steps, values, low, high)


def of_epochs(run: HealthRun, name: str) -> Curve | None:
    """Returns what Keras logged by a name at the ends of epochs, None where there is nothing."""
    logged = [epoch for epoch in run.epochs if name in epoch.logs]
    if not logged:
        return None
    values = np.array([epoch.logs[name] for epoch in logged], np.float32)  # None is NaN.
    steps = np.array([epoch.step - 1 for epoch in logged], np.int64)
    return Curve("", name, "", steps, values, values, values, np.isnan(values))


def _rows(run: HealthRun, finding: Finding, scope: str) -> Iterator[str]:
    """Yields the rows that a finding may be about, the likeliest first."""
    if scope == "step":
        yield from run.step.rows
    elif scope == "data":
        if finding.tensor:
            yield finding.tensor
    else:
        yield from (name for name in (finding.variable, finding.layer) if name)
        layer = run.model.layer_of_row(finding.layer or "")
        yield from layer.rows if layer else ()
        own = run.model.variables_of(finding.layer or "")
        role = ROLES.get(finding.rule)
        yield from (variable.path for variable in sorted(own, key=lambda variable: variable.role != role))
        yield from finding.others


def _picture(curve: Curve, finding: Finding) -> dict[str, Any]:
    first, values, low, high = thinned(curve.steps, curve.values, curve.low, curve.high, MOST_POINTS)
    lost = np.zeros(len(curve.steps), np.float32) if curve.lost is None else curve.lost.astype(np.float32)
    _, starts = buckets(curve.steps, 0, int(curve.steps[-1]), MOST_POINTS)
    return {
        "rule": finding.rule,
        "row": curve.row,
        "statistic": curve.statistic,
        "unit": curve.unit,
        **_against(curve, finding),
        "steps": first.tolist(),
        **{name: short(array) for name, array in (("values", values), ("low", low), ("high", high))},
        "lost": (reduced(np.fmax, lost, starts) > 0).tolist(),
    }


def _against(curve: Curve, finding: Finding) -> dict[str, float | None]:
    """Returns the limit as a value of the curve, and what was observed: None where they are no such values."""
    shown = finding.on_curve
    if shown is None and _is_comparable(curve, finding):
        shown = OnCurve(curve.statistic, finding.observed, finding.limit)
    limit, reached = (shown.limit, shown.reached) if shown else (None, None)
    return {"limit": _finite(limit), "reached": _finite(reached)}


def _is_comparable(curve: Curve, finding: Finding) -> bool:
    """Returns whether the limit is one on the statistic itself, and no ratio or share made of it."""
    unit = "" if finding.unit in NAMES else finding.unit or ""
    return unit == curve.unit and finding.rule not in OF_OTHER_KIND


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def short(array: FloatArray) -> list[float | None]:
    """Returns the values to four digits, as JSON can hold them: None where they are not finite."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in array.tolist()]
