"""Which charts a layer has: of its variables and its outputs, each over the steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tb_nnhealth.faces.evidence import Curve
from tb_nnhealth.faces.facts import tables
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.report.curves import curve_of, is_drawn
from tb_nnhealth.report.drawing import Chart, chart
from tb_nnhealth.vocabulary import STATISTICS

MOST_POINTS = 48
MOST_LINES = 6


@dataclass(frozen=True)
class Plan:
    """A chart: of which table, each statistic with its name in the legend; with `only_above` of what exceeds that."""

    table: str
    title: str
    statistics: Mapping[str, str] = field(default_factory=dict)
    only_above: float | None = None


PLANS = (
    Plan("variables", "Gradient rms", {"gradient_rms": ""}),
    Plan("variables", "Update ratio", {"update_ratio": ""}),
    Plan("variables", "Weight rms", {"value_rms": ""}),
    Plan("activations", "Output", {"activation_mean": "mean", "activation_std": "std"}),
    Plan(
        "activations", "Units",
        {"dead_unit_fraction": "dead", "saturated_fraction": "saturated", "activation_zero_fraction": "zero"},
    ),
    Plan("activations", "Gradient into output", {"output_gradient_rms": "rms"}),
    Plan("variables", "NaN and Inf", {"value_nonfinite": "value", "gradient_nonfinite": "gradient"}, 0),
    Plan("activations", "NaN and Inf", {"activation_nonfinite": "output", "output_gradient_nonfinite": "gradient"}, 0),
)  # fmt: skip


def layer_charts(run: HealthRun, layer: Layer, over: tuple[int, int]) -> list[Chart]:
    """Returns the charts of a layer, of what was measured.

    Args:
      run: the run.
      layer: of its model.
      over: first and last step of the charts.
    """
    charts = []
    for plan in PLANS:
        lines = list(_lines(run, layer, plan))[:MOST_LINES]
        if lines:
            names, curves = zip(*lines, strict=True)
            charts.append(chart(plan.title, curves, names, over=over))
    return charts


def rows_of(run: HealthRun, layer: Layer) -> dict[str, tuple[str, ...]]:
    """Returns a layer's rows in the tables of variables and of activations, as far as they were measured."""
    variables = tuple(variable.path for variable in run.model.variables_of(layer.path))
    own = {"variables": variables, "activations": layer.rows}
    there = tables(run)
    return {name: tuple(row for row in rows if there[name].row(row) is not None) for name, rows in own.items()}


def tail(layer: str, row: str) -> str:
    """Returns "kernel" of "block/dense/kernel", "call 2" of "block/dense#2"."""
    if row.startswith(f"{layer}/"):
        return row[len(layer) + 1 :]
    if row.startswith(f"{layer}#"):
        return f"call {row[len(layer) + 1 :]}"
    return "" if row == layer else row.rpartition("/")[2]


def _lines(run: HealthRun, layer: Layer, plan: Plan) -> Iterator[tuple[str, Curve]]:
    table = tables(run)[plan.table]
    for row in rows_of(run, layer)[plan.table]:
        for statistic, name in plan.statistics.items():
            if not table.has(statistic) or not len(table.steps):
                continue
            curve = curve_of(run, table, row, statistic, STATISTICS[statistic].unit, MOST_POINTS)
            if is_drawn(curve, plan.only_above):
                yield f"{tail(layer.path, row)} {name}".strip(), curve
