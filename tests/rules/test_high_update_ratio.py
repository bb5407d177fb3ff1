"""high-update-ratio: the learning rate is too high, and training suffers."""

from dataclasses import replace

import numpy as np

from tests.rules.builder import STEPS, change, findings, healthy, stuck, thin, unmeasured, verdict, with_variables

RULE = "high-update-ratio"
LIMITS = {
    "warning": (change(stuck(healthy()), "variable", "update_ratio", 0.05), 0.06),
    "error": (change(stuck(healthy()), "variable", "update_ratio", 0.3), 0.4),
    "thrown": (change(stuck(healthy()), "variable", "update_ratio", np.where(STEPS == 2, 3.0, 1e-7)), 4.0),
}


def test_usual_updates_pass_also_in_a_stuck_run():
    assert findings(RULE, healthy()) == ()
    assert findings(RULE, stuck(healthy())) == ()


def test_large_updates_of_a_stuck_run_are_one_finding():
    run = change(stuck(healthy()), "variable", "update_ratio", 0.03)
    (finding,) = findings(RULE, change(run, "variable", "update_ratio", 0.05, "dense_2/kernel"))
    assert (finding.severity, finding.variable, len(finding.others)) == ("warning", "dense_2/kernel", 4)
    assert finding.message.startswith("A step changes dense_2/kernel by 5 % of its norm")


def test_updates_that_replace_the_weights_are_an_error():
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", 0.3))[0].severity == "error"


def test_a_small_network_that_learns_with_large_steps_is_healthy():
    assert findings(RULE, change(healthy(), "variable", "update_ratio", 0.02)) == ()


def test_large_first_steps_are_healthy():
    falling = np.where(STEPS < 100, 0.1, 1e-3)
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", falling)) == ()


def test_biases_and_embeddings_are_not_judged():
    run = change(stuck(healthy()), "variable", "update_ratio", 5.0, [f"dense_{i}/bias" for i in range(4)])
    assert findings(RULE, run) == ()
    embedded = with_variables(run, {v.path: {"role": "embeddings"} for v in run.model.variables if v.role == "kernel"})
    assert verdict(RULE, embedded).status == "no_data"


def test_kernels_that_started_at_zero_are_not_judged():
    run = change(stuck(healthy()), "variable", "update_ratio", 0.5)
    norm = np.where(STEPS == 0, 0.0, 1.0)
    assert verdict(RULE, change(run, "variable", "value_norm", norm)).status == "no_data"


def test_accumulating_steps_do_not_dilute_the_ratio():
    idle = np.arange(len(STEPS)) % 4 != 0
    run = change(stuck(healthy()), "step", "update_applied", np.where(idle, 0.0, 1.0))
    assert len(findings(RULE, change(run, "variable", "update_ratio", np.where(idle, 0.0, 0.05)))) == 1


def test_thinning_does_not_change_the_verdict():
    assert len(findings(RULE, thin(change(stuck(healthy()), "variable", "update_ratio", 0.05), 6))) == 1


def test_unmeasured_is_no_data():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_the_first_steps_of_a_run_that_goes_on_are_no_error():
    run = change(stuck(healthy()), "variable", "update_ratio", 0.3)
    assert findings(RULE, replace(run, finished=False))[0].severity == "warning"


def test_a_step_that_replaced_the_kernels_counts_where_nothing_is_learnt_since():
    thrown = np.where(STEPS == 2, 3.0, 1e-7)
    (finding,) = findings(RULE, change(stuck(healthy()), "variable", "update_ratio", thrown))
    assert (finding.severity, finding.first_step, finding.last_step) == ("warning", 2, 2)
    assert finding.message == "Step 2 changed dense_0/kernel by 300 % of its norm, and nothing was learnt since."
    still = change(change(stuck(healthy()), "variable", "update_ratio", thrown), "variable", "update_norm", 0.0)
    assert len(findings(RULE, still)) == 1
    assert findings(RULE, change(healthy(), "variable", "update_ratio", thrown)) == ()
    assert findings(RULE, change(stuck(healthy()), "variable", "update_ratio", np.where(STEPS == 2, 0.9, 1e-7))) == ()
