"""The curve behind a finding: of the right row, thinned, with a limit only where it is one on the statistic."""

import dataclasses
import json

import numpy as np
import pytest

from tb_nnhealth.faces.evidence import MOST_PLACES, MOST_POINTS, evidence
from tb_nnhealth.reader import read_run
from tb_nnhealth.records import Epoch, HealthRun
from tb_nnhealth.rules import Finding
from tb_nnhealth.rules._rule import OnCurve
from tests.synthetic import write_synthetic_run

STEPS = 500


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> HealthRun:
    directory = tmp_path_factory.mktemp("evidence") / "run"
    write_synthetic_run(directory, steps=STEPS)
    return read_run(directory)


def finding(rule: str = "dead-units", statistic: str | None = "dead_unit_fraction", **changes) -> Finding:
    return Finding(rule, "warning", changes.pop("message", ""), statistic=statistic, **changes)


def one(run: HealthRun, *findings: Finding):
    (curve,) = evidence(run, findings)
    return curve


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (finding(layer="output"), "output"),
        (finding("low-update-ratio", "update_ratio", variable="dense/bias", layer="dense"), "dense/bias"),
        (finding("large-bias", "value_rms", layer="output"), "output/bias"),
        (finding("weight-growth", "value_norm", others=("output/kernel",)), "output/kernel"),
        (finding("stalled-loss", "loss"), "step"),
        (finding("unnormalized-input", "data_mean", tensor="input/x"), "input/x"),
        (finding("target-scale", "data_std", layer="output", tensor="target/y"), "target/y"),
        (finding("collapsed-output", "feature_std_max", tensor="prediction/output"), "prediction/output"),
        (finding("overfitting", None, on_curve=OnCurve("epoch/val_loss")), ""),
    ],
)
def test_curve_is_of_the_place(run, found, row):
    assert one(run, found)["row"] == row


def test_curve_of_a_metric_is_that_of_the_epochs(run):
    logged = dataclasses.replace(run, epochs=(Epoch(0, 250, {"accuracy": 0.5}), Epoch(1, 500, {"accuracy": 0.1})))
    curve = one(logged, finding("metric-disagrees", "metric/accuracy", limit=0.1, unit="accuracy"))
    assert (curve["statistic"], curve["steps"], curve["values"]) == ("accuracy", [249, 499], [0.5, 0.1])
    assert curve["limit"] == 0.1


@pytest.mark.parametrize(
    "found",
    [
        finding("deep-plain-network", None, layer="dense"),
        finding("dead-units", "no_such_statistic", layer="dense"),
        finding(layer="no such layer"),
    ],
)
def test_what_was_not_measured_has_no_curve(run, found):
    assert one(run, found) is None


def test_thinning_keeps_each_extreme(run):
    curve = one(run, finding(layer="dense"))
    table = run.activations
    series = table.series("dead_unit_fraction", "dense")
    assert len(curve["steps"]) == len(curve["values"]) == MOST_POINTS
    assert (curve["steps"][0], curve["values"][-1]) == (0, pytest.approx(series[-1], rel=1e-3))
    assert max(curve["high"]) == pytest.approx(series.max(), rel=1e-3)
    assert min(curve["low"]) == pytest.approx(series.min(), rel=1e-3)


def test_values_that_are_not_finite_are_gaps(run):
    values = run.activations.values.copy()
    values[:, :, run.activations.columns.index("activation_max")] = np.inf
    values[0] = 1.0
    table = dataclasses.replace(run.activations, values=values, low=values, high=values)
    curve = one(
        dataclasses.replace(run, activations=table), finding("activation-scale", "activation_max", layer="dense")
    )
    assert curve["high"][1:] == [None] * (MOST_POINTS - 1)
    json.dumps(curve, allow_nan=False)


@pytest.mark.parametrize(
    ("found", "limit"),
    [
        (finding(layer="dense", unit="fraction", limit=0.4), 0.4),
        (finding("vanishing-gradient", "gradient_rms", variable="dense/kernel", unit="ratio", limit=1e-3), None),
        (finding("stalled-loss", "loss", unit="fraction", limit=0.01), None),
        (finding("clipping-always", "clipped_fraction", unit="fraction", limit=0.5), None),
        (finding("unnormalized-input", "data_mean", tensor="input/x", limit=5.0), 5.0),
        (finding("learning-rate-value", "learning_rate", unit="learning rate", limit=1.0), 1.0),
    ],
)
def test_limit_is_drawn_where_it_is_one_on_the_statistic(run, found, limit):
    assert one(run, found)["limit"] == limit


def test_limit_is_drawn_as_the_value_of_the_curve_that_it_is(run):
    shown = OnCurve("data_loss", 2.0, 1.5)
    curve = one(run, finding("no-better-than-trivial", "loss", observed=1.2, limit=0.95, unit="ratio", on_curve=shown))
    assert (curve["statistic"], curve["reached"], curve["limit"]) == ("data_loss", 2.0, 1.5)
    unlimited = finding("dead-units", layer="dense", unit="fraction", limit=0.4, on_curve=OnCurve("dead_unit_fraction"))
    assert one(run, unlimited)["limit"] is None


def test_what_was_nan_is_marked_whether_the_rest_has_a_number_or_not(run):
    table = run.variables
    values = table.values.copy()
    row = table.rows.index("dense/kernel")
    values[:, row, table.columns.index("gradient_nonfinite")] = table.steps >= 300
    values[400:, row, table.columns.index("gradient_rms")] = np.nan
    spoilt = dataclasses.replace(run, variables=dataclasses.replace(table, values=values, low=values, high=values))
    picture = one(spoilt, finding("vanishing-gradient", "gradient_rms", variable="dense/kernel"))
    steps, lost = np.array(picture["steps"]), np.array(picture["lost"])
    assert not lost[steps < 295].any() and lost[steps >= 300].all()
    assert [value is None for value in picture["values"]] == (steps >= 400).tolist()


def test_a_rule_has_as_many_curves_as_the_page_shows(run):
    curves = evidence(run, [finding(layer="dense")] * (MOST_PLACES + 2))
    assert [curve is None for curve in curves] == [False] * MOST_PLACES + [True] * 2
