"""frozen-variables: information, or an error where nothing can learn."""

import math
from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, stuck, unmeasured, verdict, with_layers, with_variables

RULE = "frozen-variables"


def all_frozen(run):
    return replace(run, model=replace(run.model, trainable_parameters=0))


LIMITS = {"error": (healthy(), 4554)}


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


def test_how_many_parameters_are_left_to_train_is_told():
    (finding,) = findings(RULE, all_frozen(healthy()))
    assert finding.message == "None of the model's 4,554 parameters can be trained: it cannot learn."
    (finding,) = findings(RULE, healthy(), error=5000)
    assert finding.message.startswith("4,554 of the model's 4,554 parameters can be trained")


def test_a_model_without_parameters_cannot_be_judged():
    run = all_frozen(healthy())
    assert verdict(RULE, replace(run, model=replace(run.model, parameters=0))).status == "no_data"


BASE = ("dense_0", "dense_1", "dense_2")


def with_base(run, std, absmax, initializer="GlorotUniform", **more):
    """The run with three of its five layers frozen, whose kernels began with these values."""
    facts = {"frozen_std": std, "frozen_absmax": absmax}
    frozen = {"trainable": False, "initializer": initializer, "initial": facts, **more}
    run = with_layers(run, **{path: {"trainable": False} for path in BASE})
    return with_variables(run, {f"{path}/kernel": frozen for path in BASE})


@pytest.mark.parametrize(
    "initializer, variance, reach",
    [
        ("GlorotUniform", 1 / 32, math.sqrt(3)),
        ("HeNormal", 2 / 32, 2.27),
        ("HeUniform", 2 / 32, math.sqrt(3)),
        ("LecunNormal", 1 / 32, 2.27),
    ],
)
def test_a_base_that_was_never_trained_is_a_warning_where_little_is_learnt(initializer, variance, reach):
    std = math.sqrt(variance)
    (finding,) = findings(RULE, with_base(stuck(healthy()), 1.02 * std, reach * std, initializer))
    assert (finding.severity, finding.layer, finding.others) == ("warning", "dense_0", BASE[1:])
    assert finding.message == (
        "3,072 of the model's 4,554 parameters are frozen at the values they were initialized with: "
        "nothing was ever learnt there."
    )
    assert findings(RULE, with_base(healthy(), std, reach * std, initializer))[0].severity == "info"


def test_a_base_that_was_trained_is_information_also_where_little_is_learnt():
    std = math.sqrt(1 / 32)
    reach = math.sqrt(3) * std
    sick = stuck(healthy())
    trained = [
        with_base(sick, 1.2 * std, reach),
        with_base(sick, std, 1.1 * reach),
        with_base(sick, std, reach, "RandomNormal"),
        with_base(sick, std, reach, None),
        with_base(sick, std, reach, initial={"std": std}),
        with_base(sick, std, reach, initial={}),
        with_base(sick, std, reach, shape=(4, 32)),
        replace(with_base(sick, std, reach), model=replace(with_base(sick, std, reach).model, parameters=10_000)),
    ]
    assert [findings(RULE, run)[0].severity for run in trained] == ["info"] * len(trained)
