"""nonfinite-values: the first step, the first place, and what is no finding."""

from dataclasses import replace

import numpy as np

from tb_nnhealth.records import NonFinite, Place
from tests.rules.builder import STEPS, change, findings, healthy, losses, model, unmeasured, verdict

RULE = "nonfinite-values"


def guarded(run, step, *places):
    return replace(run, nonfinite=NonFinite(step, tuple(Place(stage, path, 3.0) for stage, path in places)))


LIMITS = {"growth": (guarded(losses(healthy(), np.where(STEPS >= 850, 1e6, 2.0)), 870, ("loss", "")), 1e6)}


def test_finite_values_pass():
    assert findings(RULE, healthy()) == ()


def test_the_guards_first_place_is_named():
    run = guarded(healthy(), 137, ("activation", "dense_1"), ("loss", ""), ("gradient", "output/kernel"))
    (finding,) = findings(RULE, run)
    assert (finding.severity, finding.first_step, finding.layer, finding.observed) == ("error", 137, "dense_1", 3.0)
    assert finding.message.startswith("NaN or infinity appears first at step 137, in the output of dense_1")
    assert finding.others == ("loss", "output/kernel")


def test_a_place_in_a_variable_names_it_and_its_layer():
    (finding,) = findings(RULE, guarded(healthy(), 5, ("variable", "dense_2/kernel")))
    assert (finding.layer, finding.variable) == ("dense_2", "dense_2/kernel")


def test_a_window_is_told_as_one():
    run = losses(healthy(), np.where(STEPS >= 850, 1e6, 2.0))
    run = replace(run, nonfinite=NonFinite(899, (Place("update", "output/kernel", 3.0),), since=63))
    (finding,) = findings(RULE, run)
    assert (finding.first_step, finding.last_step, finding.variable) == (64, 899, "output/kernel")
    assert finding.message == (
        "NaN or infinity appears first between step 64 and step 899, in the update of output/kernel."
    )


def test_variables_that_were_spoilt_between_two_samples():
    steps = STEPS[STEPS >= 200]
    bad, last = int(steps[0]), int(STEPS[STEPS < 200][-1])
    run = change(healthy(), "variable", "value_nonfinite", np.where(bad <= STEPS, 5.0, 0.0), "output/bias")
    (finding,) = findings(RULE, run)
    assert bad - last > 1, "the samples are expected to lie apart"
    assert (finding.first_step, finding.last_step, finding.variable) == (last, bad - 1, "output/bias")
    every = change(
        healthy(steps=np.arange(20)), "variable", "value_nonfinite", np.arange(20) >= 7, ["dense_1/bias", "output/bias"]
    )
    (finding,) = findings(RULE, every)
    assert (finding.first_step, finding.last_step, finding.variable) == (6, 6, "output/bias")
    assert "first at step 6" in finding.message


def test_variables_that_are_bad_from_the_start():
    run = change(healthy(), "variable", "value_nonfinite", 5.0, "output/bias")
    (finding,) = findings(RULE, run)
    assert (finding.first_step, finding.last_step) == (0, 0) and "in the variable of output/bias" in finding.message


def test_an_input_is_named_as_it_is():
    (finding,) = findings(RULE, guarded(healthy(), 0, ("input", "input/x")))
    assert "at step 0, in input/x" in finding.message
    assert (finding.layer, finding.variable) == (None, None)


def test_sampled_counts_are_enough_without_the_guard():
    bad = np.where(STEPS >= 200, 7.0, 0.0)
    run = change(healthy(), "activation", "activation_nonfinite", bad, ["dense_2", "output"])
    run = change(run, "variable", "gradient_nonfinite", np.where(STEPS >= 200, 1.0, 0.0))
    (finding,) = findings(RULE, run)
    assert (finding.first_step, finding.layer, finding.observed) == (200, "dense_2", 7.0)
    assert finding.others[:2] == ("output", "output/bias")


def test_the_earlier_of_guard_and_samples_counts():
    run = change(healthy(), "data", "data_nonfinite", np.where(STEPS >= 64, 1.0, 0.0), "input/x")
    (finding,) = findings(RULE, guarded(run, 900, ("loss", "")))
    assert (finding.first_step, finding.message.split(", ")[1]) == (64, "in input/x.")


def test_what_a_model_handles_is_information():
    masked = change(healthy(), "data", "data_nonfinite", 1.0, "target/y")
    masked = change(masked, "activation", "activation_nonfinite", 7.0, "dense_1")
    (finding,) = findings(RULE, masked)
    assert (finding.severity, finding.first_step) == ("info", 0)
    assert finding.message.endswith("in target/y; loss and weights stay finite.")
    assert verdict("dead-units", masked).status == "pass"


def test_what_spoils_weights_or_loss_later_is_an_error():
    masked = change(healthy(), "data", "data_nonfinite", np.where(STEPS == 64, 1.0, 0.0), "input/x")
    spoilt = change(masked, "variable", "value_nonfinite", np.where(STEPS > 800, 5.0, 0.0), "output/bias")
    assert findings(RULE, spoilt)[0].severity == "error"
    assert findings(RULE, losses(masked, np.where(STEPS > 800, np.nan, 2.0)))[0].severity == "error"


def test_what_grew_before_is_told():
    loss = np.where(STEPS >= 850, 1e6, 2.0)
    (finding,) = findings(RULE, guarded(losses(healthy(), loss), 870, ("gradient", "output/kernel")))
    assert "before it grew the loss from about 2 to 1e6" in finding.message


def test_overflow_under_loss_scaling_is_its_normal_work():
    run = healthy(model(optimizer={"class_name": "LossScaleOptimizer", "loss_scaled": True}))
    run = change(run, "variable", "gradient_nonfinite", np.where(STEPS < 4, 5.0, 0.0))
    assert findings(RULE, run) == ()
    spoilt = change(run, "variable", "value_nonfinite", np.where(STEPS > 800, 5.0, 0.0), "output/bias")
    assert findings(RULE, spoilt)[0].variable == "output/bias"


def test_without_samples_there_is_no_verdict_but_the_guard_is_heard():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
    assert verdict(RULE, guarded(unmeasured(healthy()), 3, ("loss", ""))).status == "fail"


def test_another_loss_has_not_grown():
    run = losses(healthy(), np.where(STEPS < 500, 2.0, np.where(STEPS < 900, 100.0, 2000.0)))
    run = replace(run, nonfinite=NonFinite(930, (Place("loss", "", 1.0),)))
    (finding,) = findings(RULE, run)
    assert "the loss from about 2 to 2,000" in finding.message
    (finding,) = findings(RULE, replace(run, loss_since=500))
    assert "the loss from about 100 to 2,000" in finding.message
