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


def answered(run=fitted, learnt=0.03, **output):
    return run(learnt, outputs=[{"name": "y", "distance_at_first": 0.5, "distance": 0.1, "apart": 1.0, **output}])


def upside_down(loss=-3e11, initial=-13.3, **output):
    made = {"name": "y", "distance_at_first": 2.9, "distance": 5e5, "apart": 1.0, **output}
    return unknown(loss, initial, upside_down=True, outputs=[made])


LIMITS = {
    "left": (fitted(0.5), 0.6),
    "stuck": (fitted(0.95), 0.97),
    "fall": (unknown(1.99), 0.002),
    "apart": (answered(apart=0.0), -1.0),
}


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


@pytest.mark.parametrize("left, severities", [(0.03, ["info"]), (0.63, ["warning", "info"])])
def test_examples_that_hold_no_numbers_are_no_all_clear(left, severities):
    found = findings(RULE, fitted(left, nonfinite=2, read=512))
    assert [finding.severity for finding in found] == severities
    assert found[-1].message.endswith("Left out for NaN or infinity: 2 of 512 examples.")
    assert found[-1].message.startswith("The model learns a few examples by heart. ") == (severities == ["info"])


def test_what_cannot_be_read_is_no_data():
    assert verdict(RULE, with_probe(RULE)).status == "no_data"
    assert verdict(RULE, fitted(0.5, examples="many")).status == "no_data"
    assert verdict(RULE, with_probe(RULE, reason="the model is not compiled")).reason == "the model is not compiled"


@pytest.mark.parametrize(("steps", "told"), [(1, "after 1 step,"), (30, "after 30 steps,")])
def test_a_time_that_was_too_short_is_told_in_steps(steps, told):
    assert told in verdict(RULE, fitted(0.5, steps=steps, ended=0)).reason


def test_a_loss_of_the_wrong_sign_is_told():
    (finding,) = findings(RULE, upside_down())
    assert finding.severity == "error" and finding.tensor == "prediction/y"
    assert "from −13.3 to −3e11 while the answers moved away from their targets, from 2.9 to" in finding.message
    assert "sign" in finding.message and findings(RULE, upside_down(0.1, 5.0)) != ()


def test_a_loss_that_falls_while_answers_come_near_has_the_right_sign():
    assert verdict(RULE, upside_down(distance=1.0)).status == "no_data"
    assert verdict(RULE, upside_down(distance=None)).status == "no_data"
    assert verdict(RULE, answered(unknown, 0.1, distance=5e5)).status == "pass"


@pytest.mark.parametrize("run", [answered(apart=0.0), answered(unknown, 0.1, apart=0.0)])
def test_the_same_answer_to_all_is_nothing_learnt(run):
    (finding,) = findings(RULE, run)
    assert finding.severity == "error" and finding.tensor == "prediction/y"
    assert "the answers to all of them are the same" in finding.message


@pytest.mark.parametrize("apart", [1.0, 0.01, None])
def test_answers_that_differ_or_have_no_targets_to_differ_by_pass(apart):
    assert verdict(RULE, answered(apart=apart)).status == "pass"


def test_what_is_not_learnt_is_told_once():
    assert len(findings(RULE, answered(learnt=0.95, apart=0.0))) == 1
