"""Which training curves a run has: the loss and its parts, metrics with their validation, and what drives the step."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from tb_nnhealth.faces.evidence import Curve, of_epochs
from tb_nnhealth.faces.wording import capital, number, words
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.curves import curve_of, is_drawn
from tb_nnhealth.report.drawing import Chart, chart
from tb_nnhealth.report.timeline import Begun
from tb_nnhealth.vocabulary import STATISTICS

MOST_POINTS = 240
MOST_CHARTS = 24
MOST_LINES = 8
MOST_TICKS = 4

OF_WHAT = "Losses are of single batches, metrics are means over the epoch so far, validation is at its end."
"""Of what the values of the training curves are."""


def training_curves(run: HealthRun, over: tuple[int, int] | None = None, begun: Iterable[Begun] = ()) -> list[Chart]:
    """Returns the charts of the whole step, of what was measured.

    Args:
      run: the run.
      over: first and last step of the charts.
      begun: the findings that are marked on them.
    """
    marks = tuple(found.mark for found in begun)
    charts: list[Chart] = []
    for title, names, validation in _plans(run):
        curves = {name: curve for key, name in list(names.items())[:MOST_LINES] if (curve := _measured(run, key))}
        validated = of_epochs(run, validation) if validation else None
        if validated is not None:
            curves["validation"] = validated
        if curves and len(charts) < MOST_CHARTS:
            charts.append(
                chart(title, tuple(curves.values()), tuple(curves), over=over, marks=marks, most_ticks=MOST_TICKS)
            )
    return charts


def _plans(run: HealthRun) -> Iterator[tuple[str, Mapping[str, str], str | None]]:
    """Yields of each chart its title, its statistics with their names in the legend, and the validation's name."""
    outputs = [name for name in run.step.columns if name.startswith("output_loss/")]
    parts = {"data_loss": "data", "regularization_loss": "regularization"} if _was(run, "regularization_loss") else {}
    if len(outputs) > 1:
        parts |= {name: _tail(name) for name in outputs}
    yield "Loss", {"loss": "training batch"}, "val_loss"
    yield "Loss parts of the batch", parts, None
    for name in run.step.columns:
        if name.startswith("metric/"):
            yield capital(words(_tail(name))), {name: "training mean"}, f"val_{_tail(name)}"
    yield "Learning rate", {"learning_rate": ""}, None
    yield "Gradient norm", {"gradient_global_norm": ""}, None
    if _was(run, "clipped_fraction"):
        yield "Clipped away", {"clipped_fraction": ""}, None
    yield "Loss scale", {"loss_scale": ""}, None
    yield "Examples a second within steps", {"examples_per_second": ""}, None


def _was(run: HealthRun, statistic: str) -> bool:
    """Returns whether a statistic of the step was ever above 0."""
    return bool(np.nanmax(run.step.highs(statistic), initial=0) > 0) if run.step.rows else False


def _measured(run: HealthRun, statistic: str) -> Curve | None:
    if not run.step.rows or not run.step.has(statistic) or not len(run.step.steps):
        return None
    unit = STATISTICS[statistic].unit if statistic in STATISTICS else ""
    curve = curve_of(run, run.step, run.step.rows[0], statistic, unit, MOST_POINTS)
    return curve if is_drawn(curve) else None


def learning_rate(run: HealthRun) -> str:
    """Returns what was measured of it, "0.001" or "0.001, at last 1e-5"; nothing where it was not."""
    curve = _measured(run, "learning_rate")
    known = curve.values[np.isfinite(curve.values)] if curve else np.zeros(0)
    told = list(dict.fromkeys(number(float(value)) for value in (known[:1].tolist() + known[-1:].tolist())))
    return ", at last ".join(told)


def _tail(name: str) -> str:
    return name.partition("/")[2]
