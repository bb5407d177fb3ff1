"""The scorecard: its score, its JSON and its schema."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import tb_nnhealth
from tb_nnhealth.engine import Verdict
from tb_nnhealth.records import NonFinite, Place, Probed, Table
from tb_nnhealth.rules import CATEGORIES, DIAGNOSES, Finding
from tb_nnhealth.scorecard import Scorecard, _category, _is_measured, _score, untried
from tb_nnhealth.vocabulary import STATISTICS
from tests.rules.builder import STEPS, change, healthy, model, stuck, unmeasured, with_layers, without_passes

SCHEMA = json.loads((Path(tb_nnhealth.__file__).parent / "scorecard.schema.json").read_text())
KEYS = "schema_version tool_version run created model training score status categories rules findings layers"
RULE_KEYS = "name category title status severity reason limits enabled ignore remedies doc"
FINDING_KEYS = (
    "rule severity message layer variable tensor first_step last_step statistic observed limit unit others because "
    "on_curve"
)
LOST = Place("loss", "", 1.0)
LAYER_KEYS = "path class trainable parameters statistics status"


def parsed(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def sick():
    run = change(stuck(healthy()), "activation", "dead_unit_fraction", 0.95, "dense_1")
    return change(run, "activation", "dead_unit_fraction", 0.5, "dense_2")


def test_schema_is_itself_valid():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("run", [healthy(), sick(), unmeasured(healthy())], ids=["healthy", "sick", "unmeasured"])
def test_json_is_strict_and_follows_the_schema(run):
    document = parsed(Scorecard.from_run(run).to_json())
    Draft202012Validator(SCHEMA).validate(document)


def test_schema_refuses_unknown_keys_everywhere():
    document = Scorecard.from_run(sick()).to_dict()
    validator = Draft202012Validator(SCHEMA)
    places = (
        document, document["model"], document["training"], document["categories"][0],
        document["rules"][0], document["findings"][0], document["layers"][0],
    )  # fmt: skip
    for place in places:
        place["surprise"] = 1
        assert not validator.is_valid(document)
        del place["surprise"]
    assert validator.is_valid(document)


def test_keys_and_their_order_are_the_published_ones():
    document = parsed(Scorecard.from_run(sick()).to_json())
    assert list(document) == KEYS.split()
    assert list(document["training"]) == ["steps", "samples", "sampled_steps", "thinned"]
    assert list(document["categories"][0]) == ["name", "score", "status"]
    assert list(document["rules"][0]) == RULE_KEYS.split()
    assert list(document["findings"][0]) == FINDING_KEYS.split()
    assert list(document["layers"][0]) == LAYER_KEYS.split()


def test_bytes_are_the_same_each_time_and_end_in_a_newline():
    first, second = Scorecard.from_run(sick()).to_json(), Scorecard.from_run(sick()).to_json()
    assert first == second
    assert first.endswith("}\n")


def test_created_is_the_runs_start_in_utc():
    assert Scorecard.from_run(healthy()).created == "2023-11-14T22:13:20.000Z"
    assert Scorecard.from_run(replace(healthy(), created=math.nan)).created is None


def test_non_finite_evidence_becomes_null():
    scorecard = Scorecard.from_run(healthy())
    finding = Finding("dead-units", "error", "…", observed=math.inf, limit=math.nan)
    document = parsed(replace(scorecard, findings=(finding,)).to_json())
    assert document["findings"][0]["observed"] is None
    assert document["findings"][0]["limit"] is None


def test_names_survive_in_any_script_even_broken_ones():
    assert parsed(Scorecard.from_run(replace(healthy(), name="läufe/Ø/試")).to_json())["run"] == "läufe/Ø/試"
    text = Scorecard.from_run(replace(healthy(), name="a\ud800b")).to_json()
    assert parsed(text.encode().decode())["run"] == "a\ud800b"


def test_a_healthy_run_passes_in_every_category():
    scorecard = Scorecard.from_run(healthy())
    assert (scorecard.score, scorecard.status) == (100, "pass")
    assert {finding.severity for finding in scorecard.findings} == {"info"}
    assert [(category.name, category.score) for category in scorecard.categories] == [(c, 100) for c in CATEGORIES[:-1]]


def test_score_is_the_worst_categorys():
    scorecard = Scorecard.from_run(sick())
    scores = {category.name: category.score for category in scorecard.categories}
    assert scorecard.status == "fail"
    assert (
        scorecard.score == min(scores.values()) == scores["activations"] <= scores["loss"] < scores["numerics"] == 100
    )


def test_findings_stand_errors_first():
    scorecard = Scorecard.from_run(sick())
    order = ["error", "warning", "info"]
    assert [f.severity for f in scorecard.findings] == sorted((f.severity for f in scorecard.findings), key=order.index)


def test_information_does_not_fail():
    run = with_layers(healthy(), dense_0={"trainable": False})
    scorecard = Scorecard.from_run(run)
    assert (scorecard.score, scorecard.status) == (100, "pass")
    assert "frozen-variables" in {finding.rule for finding in scorecard.findings}
    assert {finding.severity for finding in scorecard.findings} == {"info"}
    assert {layer["path"]: layer["status"] for layer in scorecard.layers}["dense_0"] == "pass"


def test_without_samples_nothing_is_called_healthy():
    scorecard = Scorecard.from_run(unmeasured(healthy()))
    assert (scorecard.score, scorecard.status) == (None, "no_data")
    assert all(layer["status"] == "no_data" for layer in scorecard.layers)


@pytest.mark.parametrize(
    ("steps", "status", "score"),
    [
        ([0], "fail", 83),  # It ended after one step: too few to learn anything.
        ([0, 1, 2, 4, 8], "no_data", None),
        (range(31), "no_data", None),
        ([*range(6), 1000], "no_data", None),
        (range(32), "pass", 100),
        ([*range(7), 1000], "pass", 100),
    ],
)
def test_a_short_run_is_no_health(steps, status, score):
    scorecard = Scorecard.from_run(healthy(steps=np.array(steps)))
    assert (scorecard.status, scorecard.score) == (status, score)
    Draft202012Validator(SCHEMA).validate(parsed(scorecard.to_json()))


def test_a_loss_alone_is_no_health():
    run = replace(healthy(), variables=Table.empty(), activations=Table.empty())
    assert (Scorecard.from_run(run).status, Scorecard.from_run(run).score) == ("no_data", None)


def test_steps_before_the_measurement_do_not_count():
    resumed = healthy(steps=np.arange(9000, 9031))
    learning = change(resumed, "step", "loss", np.geomspace(2.0, 0.2, 31))
    assert (Scorecard.from_run(learning).status, Scorecard.from_run(learning).score) == ("no_data", None)


def test_a_run_of_which_no_series_was_measured_is_no_health():
    run = healthy()
    needed = {statistic for diagnosis in DIAGNOSES.values() for statistic in diagnosis.rule.needs}
    for statistic in needed:
        run = change(run, STATISTICS[statistic].scope, statistic, np.nan)
    assert run.sampled_steps == 28
    assert (Scorecard.from_run(run).status, Scorecard.from_run(run).score) == ("no_data", None)


def test_a_few_samples_can_still_fail():
    run = change(healthy(steps=np.arange(2)), "variable", "value_nonfinite", 1.0, "dense_0/kernel")
    scorecard = Scorecard.from_run(run)
    assert (scorecard.status, scorecard.score) == ("fail", 0)
    assert [finding.rule for finding in scorecard.findings] == ["nonfinite-values"]


def verdict(name, status, severity=None):
    findings = (Finding(name, severity, "…"),) if severity else ()
    return Verdict(DIAGNOSES[name], status, {}, findings)


def test_category_is_the_mean_of_its_judged_rules():
    rules = [verdict("dead-units", "fail", "warning"), verdict("saturated-activation", "no_data")]
    assert _category("activations", rules).score == 50
    rules = [verdict("dead-units", "fail", "error"), verdict("saturated-activation", "pass")]
    assert _category("activations", rules).score == 50


def test_a_category_is_not_called_healthy_where_what_it_is_about_was_not_measured():
    card = Scorecard.from_run(without_passes(healthy()))
    found = {category.name: (category.score, category.status) for category in card.categories}
    assert {name for name in found if found[name] == (None, "no_data")} == {"activations", "gradients"}
    assert (card.score, card.status) == (100, "pass")
    assert [card.judged_of(name) for name in ("activations", "gradients")] == [(1, 5), (1, 4)]
    assert {verdict.rule.name for verdict in card.rules if verdict.status == "pass"} >= {
        "collapsed-output", "missing-gradient",
    }  # fmt: skip


def test_a_category_of_which_nothing_was_measured_can_still_fail():
    run = change(without_passes(stuck(healthy())), "data", "feature_std_max", 1e-4, "prediction/p")
    found = {category.name: (category.score, category.status) for category in Scorecard.from_run(run).categories}
    assert found["activations"] == (0, "fail")


def test_how_many_checks_of_a_category_were_judged_is_read_back():
    card = Scorecard.from_run(without_passes(healthy()))
    assert Scorecard.from_json(card.to_json()).judged_of("gradients") == (1, 4)


@pytest.mark.parametrize(
    ("unfinished", "status", "expected"),
    [(True, "no_data", ["label-noise"]), (True, "pass", []), (True, "fail", []), (False, "no_data", [])],
)
def test_a_preflight_is_not_called_healthy_where_an_experiment_was_left_unfinished(unfinished, status, expected):
    probes = {"label-noise": Probed(1.0, {}, "the experiment failed", unfinished), "data-order": Probed(1.0)}
    run = replace(healthy(), probes=probes)
    rules = [verdict("label-noise", status), verdict("data-order", "pass")]
    assert untried(run, rules) == expected
    assert _is_measured(run, "preflight", rules) == (not expected) and _is_measured(run, "loss", rules)


@pytest.mark.parametrize(("judged", "expected"), [(3, (None, "no_data")), (6, (100, "pass"))])
def test_a_preflight_of_which_most_was_not_judged_is_not_called_healthy(judged, expected):
    names = [name for name, diagnosis in DIAGNOSES.items() if diagnosis.rule.category == "preflight"][:12]
    rules = [verdict(name, "pass" if place < judged else "no_data") for place, name in enumerate(names)]
    category = _category("preflight", rules)
    assert (category.score, category.status) == expected
    failing = _category("preflight", [verdict(names[0], "fail", "error"), *rules[1:]])
    assert failing.status == "fail"


def test_category_that_nan_cut_off_is_not_called_healthy():
    cut = replace(verdict("saturated-activation", "no_data"), cut_off=3)
    category = _category("activations", [verdict("dead-units", "pass"), cut])
    assert (category.score, category.status) == (None, "no_data")
    failing = _category("activations", [verdict("dead-units", "fail", "error"), cut])
    assert (failing.score, failing.status) == (0, "fail")


@pytest.mark.parametrize(("places", "data"), [([LOST], "pass"), ([Place("input", "target/y", 32.0), LOST], "no_data")])
def test_what_a_model_is_defined_as_stays_judged_after_nan_and_the_batches_where_they_are_finite(places, data):
    run = replace(healthy(), nonfinite=NonFinite(int(STEPS[9]), tuple(places)))
    status = {category.name: category.status for category in Scorecard.from_run(run).categories}
    assert (status["definition"], status["data"], status["loss"]) == ("pass", data, "no_data")


def test_a_broken_rule_makes_category_and_score_unknown():
    rules = [verdict("dead-units", "pass"), verdict("saturated-activation", "error")]
    category = _category("activations", rules)
    assert (category.score, category.status) == (None, "error")
    assert _score([category, _category("loss", [verdict("stalled-loss", "pass")])]) is None


def test_layers_show_last_values_and_who_failed():
    run = change(sick(), "activation", "activation_mean", np.linspace(0, 1, len(sick().activations.steps)), "dense_0")
    layers = {layer["path"]: layer for layer in Scorecard.from_run(run).to_dict()["layers"]}
    assert layers["dense_0"]["statistics"]["activation_mean"] == 1.0
    assert layers["dense_0"]["statistics"]["kernel/update_ratio"] == 0.001
    assert layers["dense_0"]["status"] == "pass"
    assert layers["dense_1"]["status"] == "fail"
    assert layers["dense_2"]["status"] == "fail"  # listed with dense_1's finding


def test_further_calls_of_a_shared_layer_have_names_of_their_own():
    run = healthy(model(hidden=1))
    shared = with_layers(run, dense_0={"rows": ("dense_0", "output")}, output={"rows": ()})
    statistics = Scorecard.from_run(shared).layers[0]["statistics"]
    assert {"activation_mean", "output/activation_mean", "kernel/value_norm"} <= set(statistics)


def test_repr_tells_the_verdict():
    assert repr(Scorecard.from_run(healthy())) == "<Scorecard of 'run1': pass, score 100, 2 findings>"
