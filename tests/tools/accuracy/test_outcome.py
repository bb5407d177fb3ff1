"""What counts as found: by the severity, by the order, and by what the case allows."""

import pytest

from tests.faults.case import Case
from tests.faults.registry import Entry
from tests.tools.accuracy.made import made
from tools.accuracy.outcome import outcome

CAUSE = frozenset({"cause", "other-name"})


@pytest.mark.parametrize(
    ("said", "informs", "found", "first"),
    [
        ([], False, False, False),
        (["cause"], False, True, True),
        (["other-name error"], False, True, True),
        (["symptom error", "cause"], False, True, False),
        (["symptom"], False, False, False),
        (["cause info"], False, False, False),
        (["symptom info", "cause"], False, True, True),
        (["cause info"], True, True, True),
        (["symptom info", "cause info"], True, True, False),
    ],
)
def test_a_cause_is_found_by_a_finding_that_counts(said, informs, found, first):
    o = made("model", "zoo", *said, expected=CAUSE, informs=informs)
    assert (o.sick, o.found, o.found_first) == (True, found, first)


@pytest.mark.parametrize(
    ("said", "warned", "erred"),
    [([], False, False), (["a info"], False, False), (["a"], True, False), (["a", "b error"], True, True)],
)
def test_information_is_no_alarm(said, warned, erred):
    o = made("model", "zoo", *said)
    assert (o.sick, o.found, bool(o.said), o.erred) == (False, False, warned, erred)


def test_an_outcome_is_a_verdict_beside_its_case():
    case = Case("zero", "CNN, binary", lambda seed: None, CAUSE, informs=True, also=frozenset({"symptom"}))
    verdict = {
        "name": "zero",
        "seed": 2,
        "raised": "ValueError",
        "steps": 70,
        "findings": [{"rule": "cause", "severity": "error", "message": "It is."}],
        "no_data": {"a": "not there"},
        "broken": {"b": "oh"},
    }
    entry = Entry("zoo", case)
    assert outcome(entry, verdict) == made(
        "zero",
        "zoo",
        "cause error",
        kind="CNN, binary",
        held_out=entry.held_out,
        seed=2,
        expected=CAUSE,
        also=case.also,
        informs=True,
        steps=70,
        raised="ValueError",
        no_data={"a": "not there"},
        broken={"b": "oh"},
    )
