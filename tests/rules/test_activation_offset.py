"""activation-offset: the mean of outputs against their spread."""

import pytest

from tests.rules.builder import change, findings, healthy, model, stuck, thin, unmeasured, verdict, with_layers

RULE = "activation-offset"


def offset(mean, run=None):
    return change(run or stuck(healthy()), "activation", "activation_mean", mean, "dense_1")


LIMITS = {
    "ratio": (offset(6.0), 11),
    "units": (offset(6.0), 33),
}


def test_outputs_about_zero_pass():
    assert findings(RULE, stuck(healthy())) == ()


@pytest.mark.parametrize("mean", [6.0, -6.0])
def test_far_to_one_side_is_a_warning_unless_something_is_learnt(mean):
    (finding,) = findings(RULE, offset(mean))
    assert (finding.severity, finding.layer, finding.observed) == ("warning", "dense_1", pytest.approx(10.0))
    assert findings(RULE, offset(mean, healthy()))[0].severity == "info"
    assert len(findings(RULE, thin(offset(mean), 3))) == 1


@pytest.mark.parametrize(("mean", "count"), [(1.19, 0), (1.21, 1)])
def test_limit_is_two_standard_deviations(mean, count):
    assert len(findings(RULE, offset(mean))) == count


def test_sigmoids_and_layers_before_a_normalization_are_excused():
    sigmoids = offset(6.0, stuck(healthy(model(activation="sigmoid"))))
    assert verdict(RULE, sigmoids).status == "no_data"
    assert findings(RULE, with_layers(offset(6.0), dense_2={"normalizes": True})) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
