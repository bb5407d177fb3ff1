"""shuffled-labels: whether targets have to do with inputs."""

import pytest

from tests.rules.briefs import training
from tests.rules.builder import findings, verdict, with_probe

RULE = "shuffled-labels"


def flight(p=0.6, apparent=0.4, planted=0.001, held=200, **values):
    return with_probe(
        RULE,
        p=p,
        apparent_p=apparent,
        planted={"p": planted, "trials": [training()]},
        held=held,
        **{"trials": [training()], "detectable": 0.3, **values},
    )


LIMITS = {"level": (flight(), 0.7), "undecided": (flight(), 0.5), "examples": (flight(), 300.0)}


def test_targets_that_go_with_their_inputs_pass():
    assert findings(RULE, flight(p=0.005, apparent=None, planted=None)) == ()


def test_targets_that_go_with_any_input_fail():
    (finding,) = findings(RULE, flight())
    assert finding.severity == "warning" and finding.observed == 0.6
    assert finding.message == (
        "After 480 steps the answers to 200 examples not seen go no better with their own targets than with other "
        "examples' targets; the same model does learn targets that follow the inputs."
    )


@pytest.mark.parametrize(
    "run, reason",
    [
        (flight(apparent=0.001), "has not learnt how in 480 steps"),
        (flight(p=0.03), "do not decide"),
        (flight(apparent=0.03), "do not decide"),
        (flight(planted=0.2), "neither the targets nor"),
        (flight(ids_only=True), "inputs are ids"),
        (flight(apparent=0.001, trials=[training(steps=1)]), "learnt how in 1 step"),
        (flight(planted=None), "neither the targets nor"),
        (flight(held=60), "a correlation of 0.3"),
        (flight(p="?"), "not measured"),
        (flight(apparent=None), "not measured"),
        (with_probe(RULE, "no targets"), "no targets"),
    ],
)
def test_no_verdict(run, reason):
    told = verdict(RULE, run)
    assert told.status == "no_data" and reason in told.reason
