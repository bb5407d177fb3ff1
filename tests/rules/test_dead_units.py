"""dead-units: ReLU layers, weighed against how the loss goes."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, model, stuck, thin, unmeasured, verdict, with_layers

RULE = "dead-units"


def dead(run, fraction, rows=None):
    return change(run, "activation", "dead_unit_fraction", fraction, rows)


LIMITS = {
    "warning": (dead(stuck(healthy()), 0.45, "dense_1"), 0.5),
    "error": (dead(stuck(healthy()), 0.97, "dense_1"), 0.98),
}


def test_live_units_pass():
    assert findings(RULE, healthy()) == ()


def test_a_dead_layer_of_a_stuck_run_is_an_error():
    (finding,) = findings(RULE, dead(stuck(healthy()), 0.97, "dense_2"))
    assert (finding.severity, finding.layer, finding.limit) == ("error", "dense_2", 0.9)
    assert finding.message.startswith("97 % of the units of dense_2")


def test_the_earliest_of_the_worst_layers_is_named_and_the_others_listed():
    run = dead(dead(stuck(healthy()), 0.5, "dense_0"), 0.95, ["dense_1", "dense_3"])
    (finding,) = findings(RULE, run)
    assert (finding.layer, finding.others) == ("dense_1", ("dense_0", "dense_3"))


def test_half_dead_is_a_warning_in_a_stuck_run_and_none_in_one_that_learns():
    assert findings(RULE, dead(stuck(healthy()), 0.45, "dense_1"))[0].severity == "warning"
    assert findings(RULE, dead(healthy(), 0.45, "dense_1")) == ()


def test_a_dead_layer_of_a_run_that_learns_is_a_warning():
    assert findings(RULE, dead(healthy(), 0.97, "dense_1"))[0].severity == "warning"


def test_units_silent_for_a_while_are_not_dead():
    assert findings(RULE, dead(stuck(healthy()), np.where(STEPS < 400, 0.9, 0.1), "dense_1")) == ()


def test_borderline_passes():
    assert findings(RULE, dead(stuck(healthy()), 0.39)) == ()


def test_only_rectifiers_are_judged():
    assert verdict(RULE, dead(stuck(healthy(model(activation="leaky_relu"))), 0.95)).status == "no_data"
    run = with_layers(dead(stuck(healthy()), 0.95, "dense_1"), dense_1={"activation": "tanh"})
    assert findings(RULE, run) == ()
    run = with_layers(dead(stuck(healthy()), 0.95, "dense_1"), dense_1={"activation": None, "class_name": "ReLU"})
    assert len(findings(RULE, run)) == 1


def test_of_a_shared_layer_the_liveliest_call_counts():
    run = with_layers(dead(stuck(healthy()), 0.95, "dense_1"), dense_1={"rows": ("dense_1", "dense_2")})
    assert findings(RULE, run) == ()


def test_thinning_does_not_change_the_verdict():
    assert len(findings(RULE, thin(dead(stuck(healthy()), 0.95, "dense_1"), 6))) == 1


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
