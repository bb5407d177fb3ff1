"""What all faces tell of a preflight."""

from dataclasses import replace

import pytest

from tb_nnhealth.engine import judge
from tb_nnhealth.faces.flight import cost_of, lines, summary
from tb_nnhealth.faces.verdict import has_passed, headline, is_ready, verdict
from tb_nnhealth.records import INTERRUPTED, Flight, Probed
from tb_nnhealth.rules import Finding, NotJudged
from tb_nnhealth.rules._rule import HEADINGS, PREFLIGHT, Diagnosis, Rule
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import healthy


def of_probe(name, *findings, reason=None):
    """A rule of this probe that finds this, or does not judge for a reason."""

    def check(run, limits):
        if reason:
            raise NotJudged(reason)
        return findings

    rule = Rule(name, PREFLIGHT, f"The {name} fails", f"The {name} is fine", judges_nonfinite=True)
    return Diagnosis(rule, check, "…", dict.fromkeys(HEADINGS, "* Try it."))


def found(name, severity):
    return of_probe(name, Finding(name, severity, f"{name} is wrong"))


SECONDS = {"a": 1.5, "b": 2.0, "c": 0.25, "d": 0.25, "e": 0.5, "newer": 1.0, "first-steps": 0.0}
RULES = [found("a", "error"), found("b", "warning"), found("c", "info"), of_probe("d"), of_probe("e", reason="no loss")]


def flown(rules=RULES, trained=True):
    """A run after a preflight with a probe for each rule, one without a rule, and one that could not be made."""
    names = [*(diagnosis.rule.name for diagnosis in rules), "newer"]
    probes = {name: Probed(SECONDS[name]) for name in names} | {"left-out": Probed(0.0, {}, "there are no labels")}
    run = replace(healthy(), probes=probes, flight=Flight(60.0, 3.0, trained), finished=trained)
    card = Scorecard.from_run(run)
    verdicts = judge(run, None, rules)
    findings = tuple(finding for verdict in verdicts for finding in verdict.findings)
    others = (each for each in card.rules if each.rule.category != PREFLIGHT)
    return run, replace(card, rules=(*others, *verdicts), findings=(*findings, *card.findings))


def test_each_probe_has_a_line_in_the_order_in_which_they_were_made():
    told = [(line.name, line.state, line.word, line.told, line.took) for line in lines(*flown())]
    assert told == [
        ("a", "error", "error", "A is wrong.", "1.5 s"),
        ("b", "warning", "warning", "B is wrong.", "2 s"),
        ("c", "info", "note", "C is wrong.", "0.25 s"),
        ("d", "pass", "passed", "The d is fine.", "0.25 s"),
        ("e", "no_data", "not judged", "No loss.", "0.5 s"),
        ("newer", "no_data", "not judged", "No rule of this version judges it.", "1 s"),
        ("left-out", "no_data", "not judged", "There are no labels.", "–"),
    ]


def test_sums_tell_notes_apart_from_what_just_passed():
    run, card = flown()
    assert summary(run, card) == {
        "trained": True, "state": "error",
        "told": "1 found an error, 1 gave a warning, 1 passed, 1 passed with a note and 3 not judged",
        "took": "8.5 s", "rates": False,
    }  # fmt: skip
    assert cost_of(run) == (
        "8.5 s in all: 3 s for reading the data and the first steps of the training, 5.5 s for the probes; "
        "the budget was 60 s"
    )


@pytest.mark.parametrize(
    ("rules", "state"),
    [(RULES[1:], "warning"), ([RULES[3], found("c", "info")], "pass"), (RULES[2:], "no_data"), (RULES[4:], "no_data")],
)
def test_the_worst_probe_makes_the_state_and_few_that_were_judged_make_none(rules, state):
    assert summary(*flown(rules))["state"] == state


def of_no_probe(name, severity):
    """A rule that judges the steps of a preflight, and fails."""
    diagnosis = found(name, severity)
    return replace(diagnosis, rule=replace(diagnosis.rule, category="data"))


def test_first_steps_that_failed_are_the_first_line_and_count():
    run, card = flown([RULES[3], found("first-steps", "error")], trained=False)
    run = replace(run, probes={name: probed for name, probed in run.probes.items() if name != "first-steps"})
    first, *others = lines(run, card)
    assert (first.name, first.state, first.told, first.took) == ("first-steps", "error", "First-steps is wrong.", "3 s")
    assert [line.name for line in others] == ["d", "newer", "left-out"]
    assert (summary(run, card)["state"], summary(run, card)["told"]) == (
        "error", "1 found an error, 1 passed and 2 not judged",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trained", "state", "told"),
    [
        (False, "error", "1 passed, 1 passed with a note and 2 not judged; other checks found 1 error and 1 warning"),
        (True, "pass", "1 passed, 1 passed with a note and 2 not judged"),
    ],
)
def test_what_other_checks_find_counts_where_there_is_a_preflight_alone(trained, state, told):
    run, card = flown([RULES[2], RULES[3]], trained)
    others = judge(run, None, [of_no_probe("y", "error"), of_no_probe("z", "warning")])
    card = replace(card, rules=(*card.rules, *others))
    assert (summary(run, card)["state"], summary(run, card)["told"]) == (state, told)


def test_a_run_without_a_preflight_tells_nothing_of_one():
    run = healthy()
    card = Scorecard.from_run(run)
    assert summary(run, card) is None and lines(run, card) == []


@pytest.mark.parametrize(
    ("flight", "start"),
    [
        (flown(RULES[:1], trained=False), "Not trained yet, and it will not train as it stands: "),
        (flown(RULES[1:2], trained=False), "Not trained yet, and training will probably be hurt: "),
        (flown(RULES[:1]), "This run will not train as it stands: "),
    ],
)
def test_headline_of_what_fails_tells_whether_it_was_trained(flight, start):
    run, card = flight
    assert headline(run, card)[1].startswith(start)


@pytest.mark.parametrize(
    ("rules", "opening"),
    [
        (RULES[2:], "Ready to be trained, as far as the preflight can tell: "),
        ([RULES[3], RULES[4], of_probe("c", reason="no loss")], "Not trained yet: "),
        (RULES[4:], "Not trained yet: "),
    ],
)
def test_headline_calls_a_model_ready_only_where_a_probe_passed(rules, opening):
    run, card = flown(rules, trained=False)
    state, told = headline(run, replace(card, status="no_data"))
    assert state == "no_data" and told.startswith(f"{opening}nothing wrong was found in the ")


@pytest.mark.parametrize(("unfinished", "is_known"), [(("e",), False), ((), True)])
def test_no_model_is_called_ready_of_which_an_experiment_failed_or_ran_out_of_time(unfinished, is_known):
    run, card = flown(RULES[2:], trained=False)
    probes = {name: replace(probed, unfinished=name in unfinished) for name, probed in run.probes.items()}
    run = replace(run, probes=probes)
    card = replace(card, status="no_data")
    told = headline(run, card)[1]
    assert told.startswith("Ready to be trained") == is_ready(run, card) == is_known
    assert has_passed(run, card) and summary(run, card)["state"] == "no_data"
    if not is_known:
        assert told.startswith("Not trained yet, and not all could be tried: nothing wrong was found in the ")
        assert told.endswith(", 2 of 5 probes among them. Not tried to the end: e.")


def test_an_experiment_that_was_judged_before_its_time_was_over_leaves_nothing_open():
    run, card = flown(RULES[2:4], trained=False)
    probes = {name: replace(probed, unfinished=name == "d") for name, probed in run.probes.items()}
    assert is_ready(replace(run, probes=probes), replace(card, status="no_data"))


def test_most_judged_with_one_that_failed_is_no_state_that_passes():
    run, card = flown(RULES[2:4], trained=False)
    probes = {**run.probes, "left-out": Probed(0.0, {}, "the experiment failed (ValueError: no)", unfinished=True)}
    assert summary(run, card)["state"] == "pass"
    assert summary(replace(run, probes=probes), card)["state"] == "no_data"


def test_what_did_not_run_took_no_time_and_a_minute_is_told_in_seconds():
    probes = {"a": Probed(7.9e-6, {}, "it did not fit into the budget"), "b": Probed(85.2)}
    run = replace(healthy(), probes=probes, flight=Flight(60.0, 33.0, False))
    card = Scorecard.from_run(run)
    assert [line.took for line in lines(run, card)] == ["–", "85 s"]
    assert summary(run, card)["took"] == "118 s"
    assert cost_of(run).startswith("118 s in all: 33 s for reading the data and the first steps of the training, 85 s ")


@pytest.mark.parametrize(
    ("severity", "opening"),
    [
        ("error", "Not trained yet, and it may not train as it stands: "),
        ("warning", "Not trained yet, and training may be hurt: "),
    ],
)
def test_headline_is_less_sure_of_what_no_probe_has_tried(severity, opening):
    run, card = flown([], trained=False)
    finding = Finding("dead-units", severity, "they are dead")
    rules = (
        replace(each, status="fail", findings=(finding,)) if each.rule.name == "dead-units" else each
        for each in card.rules
    )
    card = replace(card, rules=tuple(rules), findings=(finding,))
    assert headline(run, card)[1].startswith(opening)


def test_an_interrupted_preflight_calls_no_model_ready():
    run, card = flown(RULES[3:4], trained=False)
    run = replace(run, probes={**run.probes, "e": Probed(0.0, {}, INTERRUPTED)})
    assert run.is_interrupted and summary(run, card)["state"] == "no_data"
    assert summary(run, card)["told"] == "interrupted: 1 passed and 3 not judged"
    told = verdict(run, replace(card, status="no_data"))
    assert told["sentence"].startswith(
        "Not trained yet, and the preflight was interrupted: nothing wrong was found in "
    )
