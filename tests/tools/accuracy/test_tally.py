"""The counts against ones that are taken run by run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.accuracy.made import made
from tools.accuracy.tally import broken, rule_tally, share, tally, unjudged

RULES = ["a", "b", "c"]
subsets = st.frozensets(st.sampled_from(RULES))
outcomes = st.lists(
    st.builds(
        lambda said, **fields: made("model", "zoo", *said, **fields),
        st.lists(
            st.sampled_from([f"{rule} {severity}" for rule in RULES for severity in ("info", "warning", "error")])
        ),
        expected=subsets,
        also=subsets,
        informs=st.booleans(),
    )
)


def loud(o):
    return [rule for rule, severity in o.findings if severity in ("warning", "error") or o.informs]


@given(outcomes)
def test_runs_are_counted(runs):
    sick = found = first = healthy = warned = erred = answered = 0
    for o in runs:
        said = loud(o)
        answered += 1 if said else 0
        if o.expected:
            sick += 1
            found += 1 if set(said) & o.expected else 0
            first += 1 if said[:1] and said[0] in o.expected else 0
        else:
            healthy += 1
            warned += 1 if said else 0
            erred += 1 if "error" in dict(map(reversed, o.findings)) else 0
    t = tally(runs)
    assert (t.sick, t.found, t.first) == (sick, found, first)
    assert (t.healthy, t.warned, t.erred, t.answered) == (healthy, warned, erred, answered)
    assert math.isnan(t.precision) if not answered else t.precision == found / answered


@given(outcomes, st.sampled_from(RULES))
def test_runs_are_counted_for_each_rule(runs, rule):
    counts = dict.fromkeys(["planned", "fired", "also", "elsewhere", "healthy"], 0)
    for o in runs:
        fires = rule in loud(o)
        if rule in o.expected:
            counts["planned"] += 1
            counts["fired"] += fires
        elif fires:
            counts["healthy" if not o.expected else "also" if rule in o.also else "elsewhere"] += 1
    t = rule_tally(rule, runs)
    assert {name: getattr(t, name) for name in counts} == counts


def test_no_data_counts_in_long_runs_only():
    reasons = {"a": "not there", "b": "too short"}
    runs = [made(steps=steps, no_data=reasons) for steps in (49, 50, 51)] + [made(no_data={"a": "other"})]
    assert unjudged(runs) == {("a", "not there"): 2, ("b", "too short"): 2, ("a", "other"): 1}


def test_rules_that_broke_count_in_every_run():
    assert broken([made(steps=1, broken={"a": "oh"}), made(broken={"a": "oh"}), made()]) == {("a", "oh"): 2}


def test_a_share_of_nothing_is_unknown():
    assert share(1, 4) == pytest.approx(0.25)
    assert math.isnan(share(0, 0))
