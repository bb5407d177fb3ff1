"""overfit-tiny-batch: a few examples are learnt by heart."""

import math

import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "overfit-tiny-batch"


def fitted(left, **changes):
    usual = {
        "examples": 10,
        "trivial": 2.3,
        "floor": 1e-6,
        "initial": 2.4,
        "loss": 2.3 * left,
        "left": left,
        "left_of_pair": None,
        "rate": 1e-3,
        "ended": 1,
        "steps": 900,
        "weights": 5000,
    }
    return with_probe(RULE, **{**usual, **changes})


def unknown(loss, initial=2.0, **changes):
    return fitted(math.nan, trivial=None, floor=None, loss=loss, initial=initial, **changes)


LIMITS = {"left": (fitted(0.5), 0.6), "stuck": (fitted(0.95), 0.97), "fall": (unknown(1.99), 0.002)}


@pytest.mark.parametrize("run", [fitted(0.03), fitted(0.09), unknown(0.1), fitted(-0.2)])
def test_what_is_learnt_by_heart_passes(run):
    assert verdict(RULE, run).status == "pass"


@pytest.mark.parametrize("left, severity", [(0.11, "warning"), (0.63, "warning"), (0.91, "error"), (24.0, "error")])
def test_what_is_left_to_learn_is_told(left, severity):
    (finding,) = findings(RULE, fitted(left))
    assert finding.severity == severity and finding.observed == pytest.approx(left)
    assert "After 900 steps on 10 examples" in finding.message and "the lowest 0." in finding.message


def test_a_model_that_learns_two_examples_may_be_small():
    (finding,) = findings(RULE, fitted(0.6, left_of_pair=0.02))
    assert finding.severity == "info" and "60 % is left" in finding.message
    assert findings(RULE, fitted(0.6, left_of_pair=0.5))[0].severity == "warning"


def test_answers_at_each_step_or_pixel_are_many_to_learn_by_heart():
    (finding,) = findings(RULE, fitted(0.6, answers_laid_out=True))
    assert finding.severity == "info" and "60 % is left" in finding.message
    assert findings(RULE, fitted(0.95, answers_laid_out=True))[0].severity == "error"


def test_where_the_time_was_over_there_is_no_verdict():
    for run in (fitted(0.5, ended=0), fitted(1.0, ended=None), unknown(2.0, ended=0)):
        told = verdict(RULE, run)
        assert told.status == "no_data" and "budget=" in told.reason
    assert verdict(RULE, fitted(0.02, ended=0)).status == "pass"


def test_of_an_unknown_lowest_loss_only_one_that_does_not_fall_is_a_fault():
    (finding,) = findings(RULE, unknown(2.0))
    assert finding.severity == "error" and "does not fall" in finding.message
    assert findings(RULE, unknown(-3.0, -3.0)) != ()
    for loss, initial in ((1.5, 2.0), (-1.0, 2.0), (-4.0, -3.0)):
        assert verdict(RULE, unknown(loss, initial)).status in ("no_data", "pass")
    assert "how low it can get" in verdict(RULE, unknown(1.5)).reason


def test_what_cannot_learn_at_all():
    assert "trainable" in findings(RULE, fitted(1.0, weights=0))[0].message
    for changes in ({"initial": None}, {"loss": None}):
        (finding,) = findings(RULE, fitted(1.0, **changes))
        assert finding.severity == "error" and "not finite" in finding.message


def test_what_cannot_be_read_is_no_data():
    assert verdict(RULE, with_probe(RULE)).status == "no_data"
    assert verdict(RULE, fitted(0.5, examples="many")).status == "no_data"
    assert verdict(RULE, with_probe(RULE, reason="the model is not compiled")).reason == "the model is not compiled"


@pytest.mark.parametrize(("steps", "told"), [(1, "after 1 step,"), (30, "after 30 steps,")])
def test_a_time_that_was_too_short_is_told_in_steps(steps, told):
    assert told in verdict(RULE, fitted(0.5, steps=steps, ended=0)).reason
