"""The cases are what they say: known labels, twins, a split that stays, and seeds that matter."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from tb_nnhealth.rules import DIAGNOSES
from tests.faults import registry
from tests.faults.case import Case
from tests.faults.labels import ANSWERS, answering
from tests.faults.registry import Entry, entries

PROGRAMS = {entry.case.name: entry for entry in entries("programs")}

HELD_OUT = """
at_circle_e8a6e959 dc_adadelta dc_disable_batching dc_mnist ref_bigru_tokens ref_linear_regression ref_lstm
ref_poisson_softplus so_45378493 so_50481178 so_54811239 so_56541683 so_57516678 so_60574843 so_65777704
tdc_cnn_miss_norm tdc_cnn_relu_logits uml_eval_a uml_eval_b uml_eval_demo
"""


def program(name):
    return sys.modules[f"tests.faults.programs.{name}"]


def case(name, build=None, expected=frozenset()):
    return Case(name, "MLP, binary", build, expected)


def test_there_are_the_real_programs():
    sick = [entry for entry in PROGRAMS.values() if entry.case.sick]
    assert (len(PROGRAMS), len(sick)) == (78, 52)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_tells_what_is_known_of_it(name):
    facts, known = program(name), PROGRAMS[name].case
    assert name == facts.ID and " ".join(facts.SOURCE.split()) == facts.SOURCE
    assert set(facts.PRIMARY) <= set(facts.FAULTS) and not set(facts.FAULTS) & set(facts.ALLOWED)
    assert known.sick == bool(facts.PRIMARY) == (not facts.FIXED)
    assert known.expected <= known.also == answering([*facts.FAULTS, *facts.ALLOWED])
    assert all(ANSWERS[label] & DIAGNOSES.keys() for label in facts.PRIMARY), "a cause that no rule can name"
    assert facts.PAIR is None or PROGRAMS[facts.PAIR].case.sick != known.sick
    architecture, task = known.kind.split(", ")
    assert architecture and task in {"binary", "multi-class", "regression"}


def test_sick_programs_that_do_not_visibly_fail_need_no_more_than_information():
    assert [name for name, entry in PROGRAMS.items() if entry.case.informs] == ["so_64395424_bug"]


def test_programs_are_listed_without_tensorflow():
    code = "import sys; from tests.faults.registry import entries; entries('programs'); print('keras' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "False\n"


def test_the_split_stays_as_it_was():
    assert {entry.base for entry in PROGRAMS.values() if entry.held_out} == set(HELD_OUT.split())


@pytest.mark.parametrize("names", [("a_bug", "a_fix", "a_ok"), ("zero_kernels", "zero_kernels_mended")])
def test_twins_share_their_base_and_their_side_of_the_split(names):
    twins = [Entry("zoo", case(name)) for name in names]
    assert {twin.base for twin in twins} == {names[0].removesuffix("_bug")}
    assert len({twin.held_out for twin in twins}) == 1


@pytest.mark.slow
def test_no_two_cases_of_all_parts_share_a_name_or_a_base():
    everything = [entry for part in registry.PARTS for entry in entries(part)]
    names = Counter(entry.case.name for entry in everything)
    assert [name for name, count in names.items() if count > 1] == []
    parts = {part: {entry.base for entry in everything if entry.part == part} for part in registry.PARTS}
    assert len(set().union(*parts.values())) == sum(map(len, parts.values()))


@pytest.mark.slow
def test_the_zoo_is_whole():
    from demo.faults import FAULTS

    zoo = {entry.case.name: entry.case for entry in entries("zoo")}
    assert len(zoo) == len(list(registry.zoo())), "two cases of one name"
    for rule in FAULTS:
        assert zoo[f"demo_{rule.replace('-', '_')}"].expected == {rule, *registry.DEMO_CAUSES.get(rule, ())}
    assert all({rule, *causes} <= set(DIAGNOSES) for rule, causes in registry.DEMO_CAUSES.items())
    for name, known in zoo.items():
        assert known.expected <= DIAGNOSES.keys(), name
        assert known.kind and name == name.lower().replace("-", "_")
        assert known.pair is None or zoo[known.pair].sick != known.sick
    assert all(entry.base in zoo for entry in entries("zoo"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tc_zero_lr_bug", "at_circle_e8a6e959_bug", "demo_dead_units", "demo_healthy"])
def test_the_seed_changes_the_initial_weights_and_nothing_else(name):
    known = {entry.case.name: entry.case for entry in PROGRAMS.values()} | {c.name: c for c in registry.demo()}
    first, same, other = (known[name].build(seed) for seed in (0, 0, 1))
    weights = [np.concatenate([w.ravel() for w in t.model.get_weights()]) for t in (first, same, other)]
    assert np.array_equal(weights[0], weights[1]) and not np.array_equal(weights[0], weights[2])
    assert np.array_equal(first.x, other.x) and np.array_equal(first.y, other.y)
    assert first.fit_kwargs == other.fit_kwargs


@pytest.mark.slow
def test_the_demo_is_trained_as_it_trains_itself():
    from demo import healthy
    from demo.training import VALIDATION

    (known,) = (c for c in registry.demo() if c.name == "demo_healthy")
    trial, training = known.build(0), healthy.build()
    for ours, theirs in zip(trial.model.get_weights(), training.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(trial.x, training.images[VALIDATION:])
    np.testing.assert_array_equal(trial.validation_data[1], training.targets[:VALIDATION])
    assert trial.fit_kwargs == {"epochs": 8, "batch_size": 32}
