"""random-input: whether what a model learns depends on its input."""

import pytest

from tb_nnhealth.rules import DIAGNOSES
from tests.rules.briefs import training
from tests.rules.builder import findings, verdict, with_probe

RULE = "random-input"

EASY = {"linear": {"p": 1e-4, "z": 20.0}, "curved": {"p": 0.2, "z": 0.9}}
FALLING = training((2.4, 2.3, 1.9))


def flight(*trials, p=0.6, random=2.3, **values):
    values = {
        "p": p,
        "trials": list(trials) or [training()],
        "shuffled": [training((2.4, random, random))],
        "apparent": EASY,
        "constant": 2.3,
        "linear": 0.3,
        "p_linear_beats_constant": 1e-4,
        "inputs": [{"name": "x", "moved": 0.8}],
        "distinct": 700,
        "examples": 700,
        **values,
    }
    return with_probe(RULE, **values)


def unused(moved):
    return flight(p=0.001, inputs=[{"name": "x", "moved": 0.8}, {"name": "mask", "moved": moved}])


def test_what_to_try_begins_with_the_examples_of_any_kind():
    first, *_ = DIAGNOSES[RULE].remedies
    assert all(kind in first for kind in ("images", "tables", "texts"))


def test_ids_that_stand_for_nothing_are_told_where_all_answers_are_the_same():
    still = training(spread=(0.0,) * 3)
    (found,) = findings(RULE, flight(still, few_values=[{"name": "words", "values": [0, 1]}]))
    assert found.message.endswith("before training and after it: words holds nothing but 0 and 1.")
    (found,) = findings(RULE, flight(still, few_values=[]))
    assert found.message.endswith("before training and after it.")


LIMITS = {
    "level": (flight(p_linear_beats_constant=0.005), 0.001),
    "undecided": (flight(), 0.7),
    "spread": (unused(1e-5), 1e-4),
    "deviations": (flight(), 30.0),
    "steps": (flight(), 500.0),
    "difference": (flight(random=2.5), 0.2),
}


def test_answers_that_depend_on_their_own_input_pass():
    assert findings(RULE, flight(p=0.001)) == ()


def test_answers_that_are_the_same_at_every_look_are_an_error():
    (finding,) = findings(RULE, flight(training(spread=(0.0, 1e-8, 1e-7))))
    assert finding.severity == "error" and finding.observed == 1e-7
    assert "same, before training and after it" in finding.message
    assert "answers" not in findings(RULE, flight(training(spread=(0.0,) * 3), distinct=1))[0].message


def test_answers_that_become_different_are_none():
    assert findings(RULE, flight(training(spread=(0.0, 0.0, 1e-3)), p=0.001)) == ()


def test_an_input_that_moves_no_answer_is_named():
    (finding,) = findings(RULE, unused(0.0))
    assert finding.tensor == "input/mask" and finding.severity == "warning"
    assert findings(RULE, unused(None)) == findings(RULE, unused(0.01)) == ()
    assert findings(RULE, flight(p=0.001, inputs=[{"name": "x", "moved": 0.0}])) == ()


def test_real_and_random_inputs_learnt_alike_though_something_is_there():
    (finding,) = findings(RULE, flight(training(), training(rate=1e-2)))
    assert finding.severity == "warning" and "2.3 after training on random ones" in finding.message


@pytest.mark.parametrize(
    "run, reason",
    [
        (flight(p=0.03), "do not decide"),
        (flight(apparent={}), "so few examples"),
        (flight(apparent={"linear": {"p": 0.001, "z": 5.0}}), "so few examples"),
        (flight(p_linear_beats_constant=0.02), "gains too little on a constant"),
        (flight(linear=2.26), "gains too little on a constant"),
        (flight(linear=None), "its linear was not measured"),
        (flight(training(steps=60)), "after 60 steps"),
        (flight(training(steps=1)), "after 1 step"),
        (flight(training(), FALLING), "still learning"),
        (flight(training(deviations=(0.0, 3.0, 4.5))), "still learning"),
        (flight(training((2.3, 2.3, 2.3))), "changes nothing"),
        (flight(random=2.5), "random inputs"),
        (flight(trials="?"), "not measured"),
        (flight(p=None), "not measured"),
        (flight(training((None, None), (None, None))), "still learning"),
        (with_probe(RULE, "no targets"), "no targets"),
    ],
)
def test_no_verdict(run, reason):
    told = verdict(RULE, run)
    assert told.status == "no_data" and reason in told.reason


def test_a_look_that_the_clock_adds_soon_after_another_does_not_count_as_twice_the_steps():
    falling = {"losses": (2.9, 2.8, 2.7, 2.6, 2.5, 2.3, 2.3), "deviations": (0.0,) * 7, "spread": (1.0,) * 7}
    cut = training(**falling, steps=245, at=(0, 15, 30, 60, 120, 240, 245))
    assert "learn" in verdict(RULE, flight(cut)).reason
    whole = training(**falling, steps=480, at=(0, 15, 30, 60, 120, 240, 480))
    assert verdict(RULE, flight(whole)).status == "fail"
