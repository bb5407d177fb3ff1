"""frozen-variables: information, or an error where nothing can learn."""

from dataclasses import replace

from tests.rules.builder import findings, healthy, unmeasured, verdict, with_layers

RULE = "frozen-variables"


def all_frozen(run):
    return replace(run, model=replace(run.model, trainable_parameters=0))


def test_a_trainable_model_passes_without_a_word():
    assert findings(RULE, healthy()) == ()


def test_frozen_layers_are_listed_as_information():
    frozen = {"trainable": False}
    run = with_layers(healthy(), dense_0=frozen, dense_1=frozen)
    result = verdict(RULE, run)
    (finding,) = result.findings
    assert (result.status, finding.severity) == ("pass", "info")
    assert (finding.layer, finding.others, finding.observed) == ("dense_0", ("dense_1",), 2 * (32 * 32 + 32))


def test_layers_without_parameters_are_not_listed():
    assert findings(RULE, with_layers(healthy(), dense_0={"trainable": False, "parameters": 0})) == ()


def test_nothing_trainable_is_an_error_also_without_samples():
    for run in (healthy(), unmeasured(healthy())):
        (finding,) = findings(RULE, all_frozen(run))
        assert (finding.severity, finding.observed) == ("error", 0.0)


def test_a_model_without_parameters_cannot_be_judged():
    run = all_frozen(healthy())
    assert verdict(RULE, replace(run, model=replace(run.model, parameters=0))).status == "no_data"
