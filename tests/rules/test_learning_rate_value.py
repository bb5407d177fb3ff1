"""learning-rate-value: rates by optimizer."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import NonFinite, Place
from tests.rules.builder import STEPS, change, findings, healthy, model, stuck, unmeasured, verdict

RULE = "learning-rate-value"


def rated(name, rate, learns=False, **facts):
    run = healthy(model(optimizer={"class_name": name, "learning_rate": rate, **facts}))
    run = change(run, "step", "learning_rate", rate)
    return run if learns else stuck(run)


LIMITS = {
    "low": (rated("Adam", 1e-7), 1e-5),
    "high": (rated("Adam", 0.05), 51),
    "far": (rated("Adam", 0.05, learns=True), 50),
}


@pytest.mark.parametrize(
    ("name", "rate"), [("Adam", 1e-3), ("Adam", 1e-5), ("SGD", 0.1), ("SGD", 1e-4), ("Adadelta", 1.0), ("Mine", 1e9)]
)
def test_usual_rates_pass(name, rate):
    assert findings(RULE, rated(name, rate)) == ()


@pytest.mark.parametrize("rate", [0.0, -0.01])
def test_zero_and_below_are_errors(rate):
    assert findings(RULE, rated("Adam", rate, learns=True))[0].severity == "error"


@pytest.mark.parametrize(("name", "rate"), [("Adam", 0.05), ("Adam", 1e-7), ("SGD", 1.0), ("Adadelta", 1e-4)])
def test_far_rates_are_a_warning_unless_something_is_learnt(name, rate):
    assert findings(RULE, rated(name, rate))[0].severity == "warning"
    assert findings(RULE, rated(name, rate, learns=True))[0].severity == "info"


def test_a_schedule_is_judged_by_its_highest_rate():
    assert findings(RULE, rated("Adam", 0.0, scheduled=[0.0, 1e-3, 5e-4, 1e-4, 0.0])) == ()
    assert findings(RULE, rated("Adam", 1e-3, scheduled=[1e-3, 0.1, 0.1, 1e-3, 0.0]))[0].observed == 0.1


def test_message():
    (finding,) = findings(RULE, rated("SGD", 1e-6))
    assert finding.message == "The learning rate of SGD, 1e-6, is 1/10,000 of its usual 0.01."


@pytest.mark.parametrize(("momentum", "rate", "told"), [(0.9, 0.1, None), (0.99, 0.1, "100 times"), (0.0, 0.1, None)])
def test_momentum_above_the_usual_makes_steps_longer(momentum, rate, told):
    found = findings(RULE, rated("SGD", rate, momentum=momentum))
    assert [f.message for f in found] == (
        [
            f"The steps of SGD, of a learning rate of 0.1 and a momentum of 0.99, add up to {told} those of its usual "
            "0.01 and 0.9."
        ]
        if told
        else []
    )
    assert [(f.observed, f.limit) for f in found] == ([(0.1, pytest.approx(0.01))] if told else [])


def test_a_momentum_of_one_never_ends():
    assert findings(RULE, rated("SGD", 1e-3, momentum=1.0))[0].severity == "warning"


def test_without_an_optimizer():
    assert verdict(RULE, change(healthy(model(optimizer={})), "step", "learning_rate", np.nan)).status == "no_data"


def test_rates_that_a_callback_sets_are_those_that_were_in_force():
    warming = change(rated("Adam", 0.0), "step", "learning_rate", np.minimum(1e-3, STEPS * 1e-5))
    assert findings(RULE, warming) == ()
    assert findings(RULE, change(warming, "step", "learning_rate", 0.0))[0].severity == "error"


def test_a_training_that_was_not_sampled_has_the_rate_it_was_compiled_with():
    assert findings(RULE, unmeasured(rated("Adam", 0.0)))[0].severity == "error"


@pytest.mark.parametrize(
    ("name", "rate", "severity"), [("Adam", 0.09, "info"), ("Adam", 0.1, "warning"), ("SGD", 5.0, "info")]
)
def test_a_hundred_times_is_a_warning_where_a_step_is_as_large_as_the_rate(name, rate, severity):
    assert findings(RULE, rated(name, rate, learns=True))[0].severity == severity


def test_a_rate_of_float32_at_the_limit_passes():
    assert findings(RULE, rated("SGD", 0.10000000149011612)) == ()


def test_rates_after_a_nan_are_not_its_cause():
    run = change(rated("Adam", 1e-3, learns=True), "step", "learning_rate", np.where(STEPS < 8, 1e-3, 0.2)[:, None])
    died = replace(run, nonfinite=NonFinite(8, (Place("loss", "", 1.0),)))
    assert findings(RULE, died) == () != findings(RULE, run)
