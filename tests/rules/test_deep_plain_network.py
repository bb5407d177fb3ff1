"""deep-plain-network: the longest plain chain."""

from tests.rules.builder import findings, healthy, model, stuck, verdict, with_layers

RULE = "deep-plain-network"
LIMITS = {"layers": (stuck(healthy(model(hidden=12))), 14)}


def test_moderate_depth_passes():
    assert findings(RULE, stuck(healthy())) == ()


def test_a_long_chain_is_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, stuck(healthy(model(hidden=12))))
    assert (finding.severity, finding.observed, finding.layer) == ("warning", 13.0, "dense_0")
    assert findings(RULE, healthy(model(hidden=12)))[0].severity == "info"


def test_normalization_and_skips_end_a_chain():
    run = stuck(healthy(model(hidden=12)))
    norm = {"class_name": "BatchNormalization", "normalizes": True}
    assert findings(RULE, with_layers(run, dense_6=norm)) == ()
    assert findings(RULE, with_layers(run, dense_6={"inputs": ()})) == ()


def test_a_model_without_weighted_layers():
    layers = {f"dense_{i}": {"class_name": "LSTM"} for i in range(4)}
    assert verdict(RULE, with_layers(stuck(healthy()), **layers, output={"class_name": "LSTM"})).status == "no_data"
