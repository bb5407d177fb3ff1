"""What users set of the rules: what is taken, what is refused and with which words, and what comes first."""

import math
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import pytest

from tb_nnhealth.configuration import ENABLED, IGNORE, SettingsError, checked, in_force, merged, perhaps, recorded
from tb_nnhealth.records import Epoch
from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.scorecard import Scorecard
from tests.rules.builder import OF_TRAINING, change, healthy, model, stuck, with_layers, with_variables

DEAD = DIAGNOSES["dead-units"].rule


def dying(*fractions):
    run = healthy()
    for layer, fraction in zip(("dense_0", "dense_1", "dense_2"), fractions, strict=False):
        run = change(stuck(run), "activation", "dead_unit_fraction", fraction, layer)
    return run


def of(run, rule, limits=None):
    return next(v for v in Scorecard.from_run(run, limits).rules if v.rule.name == rule)


def test_no_threshold_is_called_as_another_setting():
    for diagnosis in DIAGNOSES.values():
        assert not {ENABLED, IGNORE} & set(diagnosis.rule.limits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dead-unit": {}}, r"the name of a rule, perhaps dead-units; .* Received: 'dead-unit' in limits"),
        ({"dead_units": {}}, r"perhaps dead-units; .* Received: 'dead_units'"),
        ({"xyzzy!": {}}, r"the name of a rule; .* Received: 'xyzzy!'"),
        ({5: {}}, r"the name of a rule; .* Received: 5 in limits"),
        ({"dead-units": {"warnin": 1}}, r"one of warning, error, .*, perhaps warning\. Received: 'warnin' in limits"),
        ({"dead-units": {"warning": "0.5"}}, r"dead-units\.warning as a finite number\. Received: .*='0\.5' in limits"),
        ({"dead-units": {"warning": True}}, r"as a finite number\. Received: dead-units\.warning=True"),
        ({"dead-units": {"warning": math.nan}}, r"as a finite number\. Received: dead-units\.warning=nan"),
        ({"dead-units": {"warning": math.inf}}, r"as a finite number\. Received: dead-units\.warning=inf"),
        ({"dead-units": {"warning": 10**400}}, r"as a finite number\. Received: dead-units\.warning=1000"),
        ({"dead-units": {"warning": None}}, r"as a finite number\. Received: dead-units\.warning=None"),
        ({"dead-units": {"enabled": 0}}, r"dead-units\.enabled as true or false\. Received: dead-units\.enabled=0"),
        ({"dead-units": {"ignore": 5}}, r"as a pattern of layer paths .*\. Received: dead-units\.ignore=5"),
        ({"dead-units": {"ignore": ["a", ""]}}, r"as a pattern of layer paths .*\. Received: .*=\['a', ''\]"),
        ({"dead-units": 0.5}, r"Expected dead-units as a table of settings\. Received: dead-units=0\.5"),
        (["dead-units"], r"Expected settings as \{rule: \{threshold: value\}\}\. Received: \['dead-units'\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_that_names_the_nearest(settings, message):
    with pytest.raises(SettingsError, match=message) as raised:
        Scorecard.from_run(healthy(), settings)
    assert str(raised.value).startswith("Expected ") and "\n" not in str(raised.value)


def test_numbers_of_numpy_and_lone_patterns_are_taken():
    taken = checked({"dead-units": {"warning": np.float32(0.5), "error": np.int64(1), "ignore": "a*"}}, "")
    assert taken == {"dead-units": {"warning": 0.5, "error": 1.0, "ignore": ("a*",)}}
    assert {type(value) for value in taken["dead-units"].values()} == {float, tuple}


def test_nothing_set_leaves_the_defaults():
    settings = in_force(DEAD, {})
    assert (settings.limits, settings.enabled, settings.ignore) == (DEAD.limits, True, ())


def test_what_is_set_later_replaces_what_was_before():
    first = {"dead-units": {"warning": 0.5, "error": 0.95, "ignore": ("a",)}}
    second = {"dead-units": {"warning": 0.6, "ignore": ("b",)}, "stalled-loss": {"enabled": False}}
    settings = in_force(DEAD, merged(first, second))
    assert (settings.limits["warning"], settings.limits["error"], settings.ignore) == (0.6, 0.95, ("b",))


def test_what_another_version_recorded_is_taken_as_far_as_it_is_known():
    settings = {
        "dead-units": {"warning": 0.5, "gone": 1.0, "error": "high", "ignore": ["a"]},
        "of-the-future": {"warning": 1.0},
    }
    assert recorded(settings) == {"dead-units": {"warning": 0.5, "ignore": ("a",)}}


@pytest.mark.parametrize(
    ("name", "said"),
    [("dead-unit", ", perhaps dead-units"), ("stalled_los", ", perhaps stalled-loss"), ("0123", ""), (None, "")],
)
def test_the_nearest_name_is_suggested_where_one_is_near(name, said):
    assert perhaps(name, DIAGNOSES) == said


def test_a_limit_moves_the_verdict_and_stands_in_the_scorecard():
    assert of(dying(0.95), "dead-units").severity == "error"
    verdict = of(dying(0.95), "dead-units", {"dead-units": {"error": 0.99}})
    assert (verdict.severity, verdict.limits["error"]) == ("warning", 0.99)
    rules = {rule["name"]: rule for rule in Scorecard.from_run(healthy()).to_dict()["rules"]}
    assert (rules["dead-units"]["enabled"], rules["dead-units"]["ignore"]) == (True, [])


def all_at_once(*losses):
    """A run of as many epochs of one step each, at which these losses were measured."""
    run = healthy(replace(model(), plan={"epochs": len(losses), "steps_per_epoch": 1}), np.arange(len(losses)))
    return change(run, "step", "loss", np.array(losses))


def turned(*validations):
    """A run whose training loss falls while the validation loss ends above it."""
    logs = [{"loss": 1 / (i + 1), "val_loss": loss} for i, loss in enumerate(validations)]
    run = healthy(replace(model(), plan={"epochs": len(logs), "steps_per_epoch": 1}))
    return replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), log) for i, log in enumerate(logs)))


@pytest.mark.parametrize(
    ("rule", "run", "settings"),
    [
        ("batch-size", all_at_once(*np.geomspace(2.3, 0.5, 20)), {"still-improving": {"drop": 0.9}}),
        ("batch-size", all_at_once(*np.geomspace(2.3, 0.5, 20)), {"too-few-updates": {"steps": 20}}),
        ("no-regularization", turned(1.5, 1.0, 1.05, 1.1, 1.2, 1.3), {"overfitting": {"info": 0.4}}),
        ("no-regularization", turned(1.5, 1.0, 1.05, 1.1, 1.2, 1.3), {"overfitting": {"validations": 6}}),
    ],
)
def test_a_limit_holds_in_every_rule_that_judges_by_it(rule, run, settings):
    assert of(run, rule).severity == "warning"
    assert of(run, rule, settings).severity == "info"


def test_a_rule_that_is_off_is_no_data_and_says_so():
    scorecard = Scorecard.from_run(dying(0.95), {"dead-units": {"enabled": False}})
    rule = next(rule for rule in scorecard.to_dict()["rules"] if rule["name"] == "dead-units")
    assert (rule["status"], rule["enabled"], rule["reason"]) == ("no_data", False, "turned off by the settings")
    assert "dead-units" not in {finding.rule for finding in scorecard.findings}


def test_with_all_rules_off_nothing_is_called_healthy():
    scorecard = Scorecard.from_run(healthy(), {name: {"enabled": False} for name in DIAGNOSES})
    assert (scorecard.status, scorecard.score) == ("no_data", None)


def test_a_rule_that_leaves_a_layer_out_judges_the_others():
    run = dying(0.95, 0.5)
    assert of(run, "dead-units").findings[0].layer == "dense_0"
    verdict = of(run, "dead-units", {"dead-units": {"ignore": ["dense_0"]}})
    (finding,) = verdict.findings
    assert (finding.layer, finding.severity, verdict.ignore) == ("dense_1", "warning", ("dense_0",))


def sick_in_many_layers():
    """Yields rules that judge the model's description, and runs in which several layers are as sick as the first."""
    linear, dropout = {"activation": None}, {"class_name": "Dropout", "activation": None, "rate": 0.9}
    alike = {"initial": {"std": 0.0, "norm": 5.0, "constant": True, "identical_units": 1.0}}
    deep = stuck(healthy(model(hidden=20)))
    yield "dropout-placement", with_layers(deep, dense_0=dropout, dense_3=dropout)
    yield "dropout-placement", with_layers(deep, dense_0={**dropout, "rate": 0.1, "is_output": True},
                                           output={**dropout, "rate": 0.1, "is_output": True})  # fmt: skip
    yield "saturating-hidden-activation", stuck(healthy(model(activation="sigmoid")))
    yield "missing-nonlinearity", with_layers(deep, dense_0=linear, dense_3=linear)
    yield "layer-width", with_layers(deep, dense_0={"units": 1}, dense_3={"units": 1})
    yield "deep-plain-network", deep
    yield "frozen-variables", with_layers(deep, dense_0={"trainable": False}, dense_3={"trainable": False})
    flat = change(deep, "variable", "value_std", 0.0, ["dense_0/bias", "dense_3/bias"])
    yield "poor-initialization", with_variables(flat, {"dense_0/kernel": alike, "dense_3/kernel": alike})


@pytest.mark.parametrize(("rule", "run"), sick_in_many_layers())
def test_what_the_models_description_tells_of_the_other_layers_stays(rule, run):
    (first,) = of(run, rule).findings
    left = of(run, rule, {rule: {"ignore": first.layer}})
    (finding,) = left.findings
    assert finding.layer != first.layer and first.layer not in finding.others
    assert (left.status, finding.severity) == (of(run, rule).status, first.severity)
    assert of(run, rule, {rule: {"ignore": "*"}}).findings == ()


def test_patterns_are_of_layer_paths_and_match_their_calls_and_variables():
    run = with_layers(dying(0.95), dense_0={"path": "encoder/dense"})
    assert of(run, "dead-units", {"dead-units": {"ignore": "encoder/*"}}).status == "pass"
    flat = change(healthy(), "variable", "gradient_missing", 1.0, ["dense_0/kernel", "dense_0/bias"])
    assert of(flat, "missing-gradient").status == "fail"
    assert of(flat, "missing-gradient", {"missing-gradient": {"ignore": "dense_0"}}).status == "pass"


def test_other_places_of_a_finding_do_not_name_a_layer_that_is_left_out():
    run = dying(0.95, 0.95, 0.95)
    shown = {place for f in of(run, "dead-units").findings for place in (f.layer, *f.others)}
    left = of(run, "dead-units", {"dead-units": {"ignore": ["dense_1"]}}).findings
    assert shown == {"dense_0", "dense_1", "dense_2"}
    assert {place for f in left for place in (f.layer, *f.others)} == {"dense_0", "dense_2"}


@pytest.mark.parametrize("pattern", ["dense_0", "dense_?", "output", "*"])
def test_no_rule_breaks_on_sick_layers_that_it_leaves_out(pattern):
    run = change(dying(0.95, 0.95), "variable", "gradient_missing", 1.0, "dense_1/kernel")
    run = change(run, "variable", "value_nonfinite", 1.0, "dense_0/kernel")
    scorecard = Scorecard.from_run(run, {name: {"ignore": pattern} for name in DIAGNOSES})
    assert [verdict.reason for verdict in scorecard.rules if verdict.status == "error"] == []
    layers = {finding.layer for finding in scorecard.findings} | {finding.variable for finding in scorecard.findings}
    assert not {place for place in layers if place and fnmatchcase(place.partition("/")[0], pattern)}


@pytest.mark.parametrize("name", OF_TRAINING)
def test_every_rule_can_leave_out_a_layer_or_all(name):
    for pattern in ("dense_1", "output", "*"):
        verdict = of(healthy(), name, {name: {"ignore": pattern}})
        assert verdict.status in ("pass", "no_data"), verdict.reason
