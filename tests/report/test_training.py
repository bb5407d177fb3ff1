"""The training curves of the report, and what their legends say."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.faces.evidence import Curve
from tb_nnhealth.records import Epoch, HealthRun, NonFinite, Place
from tb_nnhealth.report.drawing import Chart, chart
from tb_nnhealth.report.training import training_curves
from tests.rules.builder import STEPS, healthy, losses


def loss_of(run: HealthRun) -> Chart:
    (found,) = (chart for chart in training_curves(run) if chart.title == "Loss")
    return found


def broken(run: HealthRun, since: int = 1) -> HealthRun:
    """Returns the run, its loss NaN from a sample on."""
    values = np.where(np.arange(len(STEPS)) >= since, np.nan, 2.0)
    return replace(losses(run, values), nonfinite=NonFinite(int(STEPS[since]), (Place("loss", "", 1.0),)))


def test_point_between_two_gaps_is_drawn_as_a_point():
    (line,) = loss_of(broken(healthy())).lines
    assert line.dots == "M0 50.0h0"
    (line,) = loss_of(losses(healthy(), np.linspace(2, 1, len(STEPS)))).lines
    assert line.dots == ""


def test_legend_says_nan_where_a_curve_ends_so_and_since_when():
    (line,) = loss_of(broken(healthy(), 3)).lines
    assert (line.last, line.since) == ("NaN", f"NaN since step {STEPS[3]}")
    assert re.fullmatch(r"M\d+ 98.0H1000", line.lost)
    (line,) = loss_of(losses(healthy(), np.linspace(2, 1, len(STEPS)))).lines
    assert (line.last, line.since, line.lost) == ("1", "", "")


def test_loss_that_is_nan_from_the_start_has_its_chart():
    found = loss_of(broken(healthy(), 0))
    assert [(line.last, line.path) for line in found.lines] == [("NaN", "")]
    assert found.ticks == ()


def test_validation_that_is_nan_is_told():
    epochs = (Epoch(0, 500, {"val_loss": 0.5}), Epoch(1, 1000, {"val_loss": None}))
    run = replace(broken(healthy()), epochs=epochs)
    assert [(line.name, line.last) for line in loss_of(run).lines] == [("training batch", "NaN"), ("validation", "NaN")]


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((2.3004, 2.3021), ["2.3", "2.302"]),
        ((2.3, 2.3), ["2.3", "2.3"]),
        ((1.0, 2.0, np.nan), ["1", "2", "–"]),
        ((1.23e-7, 1.24e-7, -1.2e9), ["1.23e-7", "1.24e-7", "−1.2e9"]),
        ((1234.4, 1234.3), ["1,234.4", "1,234.3"]),
        ((0.99996, 0.99998), ["0.99996", "0.99998"]),
    ],
)
def test_legend_tells_values_apart(ends, told):
    curves = [Curve("", "loss", "", np.arange(1), *[np.array([end], np.float32)] * 3) for end in ends]
    assert [line.last for line in chart("Loss", curves, ("",) * len(curves)).lines] == told
