"""simple-baseline: a model against a constant and a linear model."""

import pytest

from tests.rules.briefs import training
from tests.rules.builder import findings, verdict, with_probe

RULE = "simple-baseline"


def flight(model=2.3, beats=0.5, *trials, **values):
    return with_probe(
        RULE,
        **{
            "constant": 2.3,
            "linear": 0.3,
            "model": model,
            "p_model_beats_constant": beats,
            "p_linear_beats_constant": 1e-4,
            "p_linear_beats_model": 1e-4,
            "p": 0.4,
            "held": 200,
            "reconstructs": False,
            "trials": list(trials) or [training()],
            **values,
        },
    )


LIMITS = {
    "level": (flight(p_linear_beats_model=0.005), 0.001),
    "examples": (flight(), 300.0),
    "share": (flight(2.0, 0.001), 0.1),
    "settled": (flight(2.0, 0.001, training((2.4, 2.01, 2.0))), 0.001),
    "steps": (flight(), 500.0),
}


def test_a_model_that_is_about_as_good_as_a_linear_one_passes():
    assert findings(RULE, flight(0.6, 0.001)) == ()


def test_one_that_is_no_worse_than_a_linear_one_passes_though_both_gain_little():
    assert findings(RULE, flight(2.25, 0.001, p_linear_beats_model=0.3)) == ()
    assert findings(RULE, flight(2.25, 0.001, p_linear_beats_constant=0.3)) == ()


@pytest.mark.parametrize("losses", [(2.46, 2.41, 2.39, 2.38), (2.46, 2.45, 2.46, 2.43), (2.46, 2.43, 2.42, 2.38)])
def test_a_loss_that_falls_slower_and_slower_or_up_and_down_is_past_learning(losses):
    assert len(findings(RULE, flight(2.38, 0.5, training(losses, (0.0,) * 4)))) == 1


def test_one_that_does_not_beat_a_constant_fails():
    (finding,) = findings(RULE, flight())
    assert finding.severity == "warning" and "no better than a constant" in finding.message


def test_one_that_rests_at_a_constant_has_begun_where_its_answers_go_with_their_targets():
    assert "no better than a constant yet" in verdict(RULE, flight(2.31, p=0.001)).reason
    assert len(findings(RULE, flight(4.0, p=0.001))) == 1


def test_one_far_below_a_linear_one_fails():
    (finding,) = findings(RULE, flight(2.1, 0.001))
    assert finding.observed == pytest.approx(0.1) and "gains 10 % of what a linear model does" in finding.message


def test_a_copy_need_not_be_as_good_as_a_linear_one():
    assert findings(RULE, flight(2.1, 0.001, reconstructs=True)) == ()
    assert len(findings(RULE, flight(reconstructs=True))) == 1


@pytest.mark.parametrize(
    "run, reason",
    [
        (flight(p_linear_beats_constant=0.2), "so few examples"),
        (flight(p_linear_beats_model=0.2), "200 held-out examples"),
        (flight(held=50), "50 held-out examples are too few"),
        (flight(2.3, 0.5, training(steps=100)), "100 steps is too short"),
        (flight(2.3, 0.5, training(steps=1)), "1 step is too short"),
        (flight(2.3, 0.5, training(), training((3.0, 2.7, 2.3))), "still learning"),
        (flight(2.2, 0.001, training((2.4, 2.23, 2.2))), "still learning"),
        (flight(9.0, 0.5, training((9.11, 9.09, 9.06, 9.0), (0.0,) * 4)), "still learning"),
        (flight(2.3, 0.5, training(deviations=(0.0, 5.0, 9.0))), "still learning"),
        (flight(linear=None), "not measured"),
        (flight(trials=None), "too short"),
        (with_probe(RULE, "no targets"), "no targets"),
    ],
)
def test_no_verdict(run, reason):
    told = verdict(RULE, run)
    assert told.status == "no_data" and reason in told.reason


def test_a_look_that_the_clock_adds_soon_after_another_does_not_count_as_twice_the_steps():
    falling = {"losses": (2.9, 2.8, 2.7, 2.6, 2.5, 2.3, 2.3), "deviations": (0.0,) * 7, "spread": (1.0,) * 7}
    cut = training(**falling, steps=245, at=(0, 15, 30, 60, 120, 240, 245))
    assert "learn" in verdict(RULE, flight(2.3, 0.5, cut)).reason
    whole = training(**falling, steps=480, at=(0, 15, 30, 60, 120, 240, 480))
    assert verdict(RULE, flight(2.3, 0.5, whole)).status == "fail"
