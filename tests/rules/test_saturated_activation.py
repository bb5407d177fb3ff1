"""saturated-activation: bounded hidden layers; confident outputs are healthy."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, model, stuck, thin, unmeasured, verdict, with_layers

RULE = "saturated-activation"
TANH = model(activation="tanh")


def saturated(run, fraction, rows=None):
    return change(run, "activation", "saturated_fraction", fraction, rows)


LIMITS = {
    "warning": (saturated(stuck(healthy(TANH)), 0.7, "dense_1"), 0.8),
    "error": (saturated(stuck(healthy(TANH)), 0.99, "dense_1"), 0.995),
}


def test_a_healthy_tanh_network_passes():
    assert findings(RULE, healthy(TANH)) == ()


def test_a_saturated_layer_of_a_stuck_run_is_named():
    (finding,) = findings(RULE, saturated(stuck(healthy(TANH)), 0.7, ["dense_1", "dense_2"]))
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_1", ("dense_2",))
    assert findings(RULE, saturated(stuck(healthy(TANH)), 0.99, "dense_1"))[0].severity == "error"


def test_in_a_run_that_learns_what_has_saturated_since_the_start_passes_unless_it_is_full_saturation():
    for fraction, count in ((0.7, 0), (0.99, 1)):
        since = saturated(healthy(TANH), np.where(STEPS < 8, 0.1, fraction)[:, None], "dense_1")
        assert [finding.severity for finding in findings(RULE, since)] == ["warning"] * count


def test_in_a_run_that_learns_saturation_from_the_start_is_a_warning():
    (finding,) = findings(RULE, saturated(healthy(TANH), 0.7, "dense_1"))
    assert (finding.severity, finding.layer, finding.limit) == ("warning", "dense_1", 0.5)


def test_a_confident_output_of_a_run_that_learns_is_healthy():
    assert findings(RULE, saturated(healthy(TANH), 0.99, "output")) == ()
    assert findings(RULE, saturated(stuck(healthy(TANH)), 0.99, "output"))[0].layer == "output"


def test_a_softmax_over_many_units_is_not_judged():
    run = with_layers(saturated(stuck(healthy(TANH)), 0.9, "output"), output={"units": 1000})
    assert findings(RULE, run) == ()


def test_saturation_at_the_start_only_passes():
    assert findings(RULE, saturated(stuck(healthy(TANH)), np.where(STEPS < 400, 0.9, 0.1))) == ()


def test_unbounded_activations_cannot_be_judged():
    run = with_layers(healthy(), output={"activation": None})
    assert verdict(RULE, run).status == "no_data"


def test_thinning_does_not_change_the_verdict():
    assert len(findings(RULE, thin(saturated(stuck(healthy(TANH)), 0.9, "dense_1"), 6))) == 1


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy(TANH))).status == "no_data"


def test_a_hidden_softmax_that_picks_one_is_healthy_where_something_is_learnt():
    attends = with_layers(healthy(TANH), dense_1={"activation": "softmax", "units": 8})
    assert findings(RULE, saturated(attends, 0.99, "dense_1")) == ()
    sticks = with_layers(stuck(healthy(TANH)), dense_1={"activation": "softmax", "units": 8})
    assert findings(RULE, saturated(sticks, 0.99, "dense_1"))[0].layer == "dense_1"
