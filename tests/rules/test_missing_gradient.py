"""missing-gradient: None, or exactly zero on every sampled step."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import Flight
from tests.rules.builder import STEPS, change, findings, healthy, stuck, unmeasured, verdict

RULE = "missing-gradient"


def zero(run, rows=None):
    return change(run, "variable", "gradient_norm", 0.0, rows)


def none(run, rows):
    run = change(run, "variable", "gradient_norm", np.nan, rows)
    return change(run, "variable", "gradient_missing", 1.0, rows)


LIMITS = {"error": (change(healthy(), "variable", "gradient_norm", 1e-9, "dense_1/bias"), 1e-8)}


def test_gradients_everywhere_pass():
    assert findings(RULE, healthy()) == ()


LAYER = ["dense_1/kernel", "dense_1/bias"]


def test_a_layer_without_gradient_is_an_error_or_a_warning_in_a_run_that_learns():
    assert findings(RULE, none(stuck(healthy()), LAYER))[0].severity == "error"
    (finding,) = findings(RULE, none(healthy(), LAYER))
    assert (finding.severity, finding.variable, finding.others) == ("warning", "dense_1/bias", ("dense_1/kernel",))


def test_in_a_preflights_few_steps_it_is_a_warning():
    untrained = replace(healthy(), flight=Flight(60.0, 3.0, trained=False), finished=False)
    (finding,) = findings(RULE, none(untrained, LAYER))
    assert (finding.severity, verdict(RULE, untrained).status) == ("warning", "pass")


def test_one_variable_of_a_connected_layer_is_less():
    assert findings(RULE, none(stuck(healthy()), "dense_1/bias"))[0].severity == "warning"
    (finding,) = findings(RULE, none(healthy(), "dense_1/bias"))
    assert (finding.severity, finding.variable) == ("info", "dense_1/bias")


def test_a_layer_that_is_cut_off_is_named_before_a_variable_that_is():
    (finding,) = findings(RULE, zero(stuck(healthy()), ["dense_0/kernel", "dense_0/bias", "dense_3/bias"]))
    assert (finding.severity, finding.layer, finding.others) == ("error", "dense_0", ("dense_0/kernel", "dense_3/bias"))


def test_a_cut_gradient_is_one_finding_at_the_cut():
    paths = [f"dense_{i}/{role}" for i in range(3) for role in ("kernel", "bias")]
    (finding,) = findings(RULE, zero(stuck(healthy()), paths))
    assert (finding.layer, finding.variable) == ("dense_2", "dense_2/bias")
    assert finding.others == tuple(paths[:-1])
    assert finding.message == "dense_2/bias and 5 more get no gradient."


def test_no_gradient_at_all_is_said_so():
    (finding,) = findings(RULE, zero(stuck(healthy())))
    assert finding.message == "None of the 10 trainable variables gets a gradient."


def test_a_dead_layer_is_the_cause_where_there_is_one():
    run = change(zero(stuck(healthy()), ["dense_0/kernel", *LAYER]), "activation", "dead_unit_fraction", 1.0, "dense_1")
    (finding,) = findings(RULE, run)
    assert finding.severity == "warning"
    assert finding.message.endswith("and 2 more get no gradient: the units of dense_1 are all dead.")


def test_one_gradient_on_one_step_is_enough():
    once = np.where(STEPS == 500, 1e-20, 0.0)
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_norm", once, "dense_0/kernel")) == ()


def test_what_was_not_measured_is_not_missing():
    assert findings(RULE, change(stuck(healthy()), "variable", "gradient_norm", np.nan, "dense_0/kernel")) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def left_out(run, rows):
    for statistic in ("value_norm", "gradient_norm", "gradient_missing", "update_norm"):
        run = change(run, "variable", statistic, np.nan, rows)
    return run


def test_variables_that_the_step_never_trains():
    (finding,) = findings(RULE, left_out(stuck(healthy()), LAYER))
    assert finding.message == (
        "dense_1/bias and 1 more are trainable, and the step trains none of them: the optimizer is never given them."
    )
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_1", ("dense_1/kernel",))
    assert findings(RULE, left_out(healthy(), LAYER))[0].severity == "info"
    (finding,) = findings(RULE, left_out(healthy(), "dense_1/bias"))
    assert finding.message == (
        "dense_1/bias is trainable, and the step does not train it: the optimizer is never given it."
    )
    assert verdict(RULE, left_out(stuck(healthy()), None)).status == "no_data"
