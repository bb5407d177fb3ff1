"""unchanged-variable: exactly constant, though there is a gradient."""

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, stuck, unmeasured, verdict

RULE = "unchanged-variable"


def still(run, rows=None):
    run = change(run, "variable", "update_norm", 0.0, rows)
    return change(run, "variable", "update_ratio", 0.0, rows)


LIMITS = {"error": (change(healthy(), "variable", "update_ratio", 2e-7, "dense_1/kernel"), 3e-7)}


def test_changing_variables_pass():
    assert findings(RULE, healthy()) == ()


def test_a_constant_layer_is_an_error_or_a_warning_in_a_run_that_learns():
    layer = ["dense_1/kernel", "dense_1/bias"]
    (finding,) = findings(RULE, still(stuck(healthy()), layer))
    assert (finding.severity, finding.variable, finding.observed) == ("error", "dense_1/kernel", 0.0)
    assert finding.others == ("dense_1/bias",)
    assert findings(RULE, still(healthy(), layer))[0].severity == "warning"


def test_a_constant_part_of_a_layer_is_less():
    assert findings(RULE, still(stuck(healthy()), "dense_1/bias"))[0].severity == "warning"
    assert findings(RULE, still(healthy(), "dense_1/bias"))[0].severity == "info"


def test_updates_below_resolution_count_as_none():
    run = change(stuck(healthy()), "variable", "update_ratio", 5e-8, "dense_1/kernel")
    assert findings(RULE, run)[0].variable == "dense_1/kernel"
    assert findings(RULE, change(run, "variable", "update_ratio", 2e-7, "dense_1/kernel")) == ()


def test_a_learning_rate_of_zero_is_one_finding():
    (finding,) = findings(RULE, change(still(stuck(healthy())), "step", "learning_rate", 0.0))
    assert finding.message == "None of the 10 trainable variables changes: the learning rate is 0."
    assert len(finding.others) == 9


def test_a_zero_bias_has_no_ratio_but_its_update_counts():
    run = change(healthy(), "variable", "update_ratio", np.nan, "dense_0/bias")
    assert findings(RULE, run) == ()
    assert findings(RULE, change(run, "variable", "update_norm", 0.0, "dense_0/bias"))[0].variable == "dense_0/bias"


def test_steps_that_only_accumulate_do_not_count():
    idle = np.arange(len(STEPS)) % 4 != 0
    run = change(healthy(), "step", "update_applied", np.where(idle, 0.0, 1.0))
    norm = np.where(idle, 0.0, 0.1)
    assert findings(RULE, change(run, "variable", "update_norm", norm)) == ()
    assert len(findings(RULE, still(run))) == 1


def test_a_run_that_only_accumulates_cannot_be_judged():
    run = change(still(healthy()), "step", "update_applied", 0.0)
    assert verdict(RULE, run).status == "no_data"
    assert verdict(RULE, change(still(healthy()), "step", "step_skipped", 1.0)).status == "no_data"


def test_a_variable_without_gradient_is_another_rules_matter():
    run = change(still(stuck(healthy()), "dense_0/kernel"), "variable", "gradient_norm", 0.0, "dense_0/kernel")
    assert findings(RULE, run) == ()


def test_a_schedule_that_ends_at_zero_is_healthy():
    assert findings(RULE, change(healthy(), "variable", "update_norm", np.where(STEPS > 600, 0.0, 0.1))) == ()


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_a_schedule_that_ends_before_anything_was_learnt_is_found():
    once = np.where(STEPS == 0, 0.1, 0.0)
    run = change(change(stuck(healthy()), "variable", "update_norm", once), "variable", "update_ratio", once)
    (finding,) = findings(RULE, change(run, "step", "learning_rate", 0.0))
    assert (finding.severity, finding.first_step) == ("error", 500)


def test_a_gradient_that_died_on_the_way_is_another_rules_matter():
    run = change(still(stuck(healthy())), "variable", "gradient_norm", np.where(STEPS < 300, 1.0, 0.0))
    assert findings(RULE, run) == ()
