"""uneven-feature-scale: the spread of the features of an input."""

from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_data, with_layers

RULE = "uneven-feature-scale"


def fed(low, high, run=None):
    return with_data(run or stuck(healthy()), "input/x", feature_std_min=low, feature_std_max=high)


def test_similar_features_pass():
    assert findings(RULE, fed(0.3, 2.0)) == ()
    assert findings(RULE, fed(0.01, 9.9)) == ()


def test_uneven_features_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, fed(0.003, 300.0))
    assert finding.severity == "warning" and abs(finding.observed - 1e5) < 1
    assert findings(RULE, fed(0.003, 300.0, healthy()))[0].severity == "info"


def test_features_that_never_vary_are_left_out():
    assert findings(RULE, fed(0.0, 300.0)) == ()


def test_a_model_that_normalizes_is_not_judged():
    run = with_layers(fed(0.003, 300.0), dense_0={"normalizes": True})
    assert verdict(RULE, run).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
