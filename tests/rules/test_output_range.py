"""output-range: targets against the range of the last activation function."""

import pytest

from tb_nnhealth.numbers import number
from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_data, with_head

RULE = "output-range"


def regression(activation, low, high, run=None, loss="MeanSquaredError"):
    run = with_head(run or stuck(healthy()), loss, (activation,) if activation else (), 1, (None, 1))
    return with_data(run, "target/y", data_min=low, data_max=high)


LIMITS = {"outside": (regression("relu", -3, 3), 0.6)}


@pytest.mark.parametrize(
    ("activation", "low", "high"),
    [(None, -100, 100), ("relu", 0, 100), ("sigmoid", 0, 1), ("tanh", -1, 1), ("relu", -0.5, 100), ("elu", -0.9, 9)],
)
def test_targets_within_the_range_pass(activation, low, high):
    assert findings(RULE, regression(activation, low, high)) == ()


@pytest.mark.parametrize(
    ("activation", "low", "high", "limit"),
    [("relu", -3, 3, 0), ("sigmoid", 3, 103, 1), ("tanh", 7, 12, 1), ("softmax", -1, 1, 0), ("sigmoid", -2, 0.5, 0)],
)
def test_targets_outside_are_an_error(activation, low, high, limit):
    (finding,) = findings(RULE, regression(activation, low, high))
    assert (finding.severity, finding.limit) == ("error", limit)
    assert finding.message.endswith(f"and the targets go from {number(low)} to {number(high)}.")


def test_a_run_that_learns_is_only_warned():
    assert findings(RULE, regression("relu", -3, 3, healthy()))[0].severity == "warning"


def test_cross_entropies_have_another_rule():
    assert verdict(RULE, regression("sigmoid", 0, 3, loss="BinaryCrossentropy")).status == "no_data"


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(regression("relu", -3, 3))).status == "no_data"
