"""label-out-of-range: labels against the classes of the output."""

from dataclasses import replace

import numpy as np
import pytest

from tests.rules.builder import STEPS, findings, healthy, stuck, unmeasured, verdict, with_data, with_head

RULE = "label-out-of-range"
SPARSE, ONE_HOT, BINARY = "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy"


def labelled(loss, low, high, units=10, run=None, **statistics):
    run = with_head(run or healthy(), loss, units=units)
    return with_data(run, "target/y", data_min=low, data_max=high, **statistics)


LIMITS = {"rounding": (labelled(SPARSE, 0, 9.1), 0.2)}


@pytest.mark.parametrize(
    ("loss", "low", "high", "units", "mean"),
    [
        (SPARSE, 0, 9, 10, 4),
        (ONE_HOT, 0, 1, 10, 0.1),
        (ONE_HOT, 0.01, 0.91, 10, 0.1),
        (BINARY, 0, 1, 1, 0.3),
        ("Poisson", 0, 900, 1, 3),
    ],
)
def test_labels_that_fit(loss, low, high, units, mean):
    assert findings(RULE, labelled(loss, low, high, units, data_mean=mean)) == ()


@pytest.mark.parametrize(
    ("loss", "low", "high", "units", "observed", "limit"),
    [
        (SPARSE, 1, 10, 10, 10, 9),
        (SPARSE, -1, 8, 10, -1, 0),
        (BINARY, 0, 3, 1, 3, 1),
        (BINARY, -1, 1, 1, -1, 0),
        (ONE_HOT, 0, 255, 10, 255, 1),
        ("MeanSquaredLogarithmicError", -0.5, 900, 1, -0.5, 0),
        ("Poisson", -1, 9, 1, -1, 0),
    ],
)
def test_labels_outside_are_an_error(loss, low, high, units, observed, limit):
    (finding,) = findings(RULE, labelled(loss, low, high, units))
    assert (finding.severity, finding.observed, finding.limit) == ("error", observed, limit)


def test_labels_of_a_regression_are_targets():
    for loss in ("MeanSquaredLogarithmicError", "Poisson"):
        (finding,) = findings(RULE, labelled(loss, -1, 9, 1))
        assert finding.message == f"The targets of p go from −1 to 9, and {loss} expects none below 0."
        assert finding.unit == "target"


def test_zeros_under_a_percentage_error():
    for run, severity in ((healthy(), "warning"), (stuck(healthy()), "error")):
        (finding,) = findings(RULE, labelled("MeanAbsolutePercentageError", 0, 30, 1, run, data_zero_fraction=0.05))
        assert (finding.severity, finding.statistic) == (severity, "data_zero_fraction")
        assert finding.message == "5 % of the targets of p are zero, and MeanAbsolutePercentageError divides by them."
    assert findings(RULE, labelled("MeanAbsolutePercentageError", -3, 30, 1, data_zero_fraction=0.0)) == ()


def test_class_numbers_that_are_not_whole():
    (finding,) = findings(RULE, labelled(SPARSE, 0.5, 8.5))
    assert finding.message == (
        "The labels of p are no whole numbers: 0.5 is among those of step 0, and SparseCategoricalCrossentropy cuts "
        "what follows the point off."
    )
    assert (finding.severity, finding.observed, finding.statistic) == ("warning", 0.5, "data_min")
    (finding,) = findings(RULE, labelled(SPARSE, 0, np.where(STEPS == 24, 8.25, 9), run=stuck(healthy())))
    assert (finding.severity, finding.observed, finding.statistic) == ("error", 8.25, "data_max")
    assert findings(RULE, labelled(ONE_HOT, 0.01, 0.91, data_mean=0.1)) == ()
    assert findings(RULE, ignoring(labelled(SPARSE, -1, 9), -1)) == ()


def ignoring(run, label):
    losses = [{**run.model.compile["losses"][0], "ignore_class": label}]
    return replace(run, model=replace(run.model, compile={**run.model.compile, "losses": losses}))


def test_the_class_that_the_loss_leaves_out_fits():
    assert findings(RULE, ignoring(labelled(SPARSE, -1, 9), -1)) == ()
    assert findings(RULE, ignoring(labelled(SPARSE, 0, 255), 255)) == ()
    assert findings(RULE, ignoring(labelled(SPARSE, -2, 9), -1))[0].observed == -2
    assert findings(RULE, ignoring(labelled(SPARSE, -1, 10), -1))[0].observed == 10


def test_rows_that_are_no_probabilities():
    (finding,) = findings(RULE, labelled(ONE_HOT, 0, 1, data_mean=0.25))
    assert "sum to 2.5 on average" in finding.message


def test_regression_is_not_judged():
    assert verdict(RULE, labelled("MeanSquaredError", -5, 5)).status == "no_data"


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
