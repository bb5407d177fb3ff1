"""What stands at the top of the report, in each state that a run can be in."""

import dataclasses

import numpy as np
import pytest

from tb_nnhealth import engine
from tb_nnhealth.faces.verdict import counts, first_to_mend, headline, notes, state_of, tiles, unjudged
from tb_nnhealth.records import HealthRun, NonFinite, Place, Table
from tb_nnhealth.rules import CATEGORIES, DIAGNOSES, Finding
from tb_nnhealth.rules._rule import PREFLIGHT
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import change, healthy, losses, model, stuck, unmeasured, without_passes


def told(run: HealthRun) -> tuple[str, str]:
    return headline(run, Scorecard.from_run(run))


def test_an_error_is_named_first():
    state, sentence = told(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95))
    assert state == "error"
    assert sentence == "This run will not train as it stands: most units of a layer never fire."


def test_where_since_when_and_what_to_try_are_told_of_what_is_to_be_mended_first():
    card = Scorecard.from_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95))
    finding = card.first_to_mend
    assert finding is not None and finding.rule == "dead-units" and finding.layer
    assert first_to_mend(card) == {
        "where": [finding.layer],
        "since": f"since step {finding.first_step}",
        "remedy": DIAGNOSES["dead-units"].remedies[0],
    }


def test_what_has_a_step_and_no_place_is_told_of_the_training_as_a_whole():
    card = Scorecard.from_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95))
    found = Finding("too-few-updates", "warning", "…", first_step=0, last_step=95)
    verdicts = tuple(
        dataclasses.replace(verdict, status="fail", findings=(found,)) if verdict.rule.name == found.rule else verdict
        for verdict in card.rules
    )
    first = first_to_mend(dataclasses.replace(card, rules=verdicts, findings=(found,)))
    assert first is not None and (first["where"], first["since"]) == ([], "The training as a whole, since step 0")
    found = dataclasses.replace(found, first_step=None, last_step=None)
    first = first_to_mend(dataclasses.replace(card, rules=verdicts, findings=(found,)))
    assert first is not None and (first["where"], first["since"]) == ([], "The training as a whole")


def test_nothing_is_to_be_mended_where_nothing_fails():
    assert first_to_mend(Scorecard.from_run(healthy())) is None


def test_a_warning_is_named_first():
    state, sentence = told(losses(healthy(), np.concatenate([np.full(5, 2.6), np.full(23, 2.3)])))
    assert state == "warning"
    assert sentence.startswith("Training is probably hurt: ")


@pytest.mark.parametrize(
    ("because", "told"),
    [
        ("large-bias", "most units of a layer never fire, probably because a bias outweighs what its layer computes."),
        (None, "most units of a layer never fire. Mend first: a bias outweighs what its layer computes."),
    ],
)
def test_an_error_is_not_told_of_a_warning_that_is_to_be_mended_first(because, told):
    run = change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95)
    card = Scorecard.from_run(run)
    found = (Finding("large-bias", "warning", "…"), Finding("dead-units", "error", "…", because=because))
    rules = tuple(
        dataclasses.replace(verdict, status="fail" if own else "pass", findings=own, reason=None)
        for verdict in card.rules
        for own in [tuple(finding for finding in found if finding.rule == verdict.rule.name)]
    )
    card = dataclasses.replace(card, rules=rules, findings=found)
    assert headline(run, card) == ("error", f"This run will not train as it stands: {told}")


def test_a_long_run_of_which_the_steps_alone_were_measured_is_not_called_short():
    empty = Table.empty()
    state, sentence = told(dataclasses.replace(healthy(), variables=empty, activations=empty, data=empty))
    assert state == "no_data"
    assert sentence.startswith("Too little of the run was measured to call it healthy: nothing wrong was found in the ")


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_run_of_which_few_samples_are_here_is_neither_healthy_nor_too_young(is_finished):
    few = dataclasses.replace(healthy(), sampled_steps=8, thinned=True, missing_rows=20, finished=is_finished)
    card = Scorecard.from_run(few)
    state, sentence = headline(few, card)
    assert (state, card.score, card.training["thinned"]) == ("no_data", None, True)
    assert sentence.startswith(
        "Too few of its samples are here to call the run healthy: nothing wrong was found in the "
    )
    assert notes(few) == [
        "This run is thinned, only 8 of 28 samples are here: findings may be missing or wrong. "
        "Leave nnhealth out of --samples_per_plugin and start TensorBoard again, unless the file is damaged."
    ]
    assert any("and loss could" in text and "only 8 of 28 samples are here" in text for text in unjudged(card))


def test_a_healthy_run_tells_how_much_was_checked():
    state, sentence = told(healthy())
    assert state == "pass"
    assert sentence.startswith("Nothing wrong was found in the ") and sentence.endswith(" that could be judged.")


@pytest.mark.parametrize(
    ("finished", "start"),
    [(True, "The run is too short to be called healthy: "), (False, "Not enough to tell so far: ")],
)
def test_an_empty_run_could_not_be_judged(finished, start):
    state, sentence = told(HealthRun("empty", 0.0, "0.1.0", model(0), 0, 0, 0, False, finished))
    assert state == "no_data"
    assert sentence.startswith(start)


def test_a_broken_rule_takes_the_score(monkeypatch):
    def fails(run, limits):
        raise RuntimeError("no")

    broken = tuple(
        dataclasses.replace(diagnosis, check=fails) if name == "initial-loss" else diagnosis
        for name, diagnosis in DIAGNOSES.items()
    )
    monkeypatch.setattr(engine.judge, "__defaults__", (None, broken))
    card = Scorecard.from_run(healthy())
    assert headline(healthy(), card) == ("no_data", "The run has no score: the check of initial loss itself failed.")
    assert any("the check of initial loss itself failed (" in sentence for sentence in unjudged(card))


def test_a_category_that_nan_cut_off_says_from_which_step_on():
    run = dataclasses.replace(healthy(), nonfinite=NonFinite(16, (Place("loss", "", 1.0),)))
    reasons = unjudged(Scorecard.from_run(run))
    assert any(text.endswith("step 16, and only what was measured before it was judged.") for text in reasons)
    assert not any("definition" in text.lower() for text in reasons)


def test_a_tile_says_how_many_of_its_checks_were_judged():
    card = Scorecard.from_run(without_passes(healthy()))
    shown = {tile.name: (tile.score, tile.state, tile.judged) for tile in tiles(card)}
    assert shown["gradients"] == (None, "no_data", "1 of 4 checks")
    assert shown["weights"] == (100, "pass", "2 of 4 checks")
    assert unjudged(card) == ["Activations and gradients could not be judged: what they are about was not measured."]


def test_every_rule_is_counted_once():
    card = Scorecard.from_run(change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95))
    assert sum(int(text.split()[0]) for _, text in counts(card)) == sum(
        diagnosis.rule.category != PREFLIGHT for diagnosis in DIAGNOSES.values()
    )
    assert {state for state, _ in counts(card)} == {state_of(verdict) for verdict in card.rules}


def test_each_category_has_a_tile_and_those_not_judged_a_reason():
    card = Scorecard.from_run(unmeasured(healthy()))
    assert tuple(tile.name for tile in tiles(card)) == CATEGORIES[:-1]
    silent = [tile.name for tile in tiles(card) if tile.state == "no_data"]
    reasons = " ".join(unjudged(card))
    assert silent and all(name in reasons.lower() for name in silent)
