"""The blind cases are whole: twins, names of their own, a cause for each, and rules that may name it."""

import subprocess
import sys
from collections import Counter
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("sklearn")

from tb_nnhealth.rules import DIAGNOSES
from tests.faults import blind, healthy, sick
from tests.faults.blind import practice, questions
from tests.faults.case import UNNAMED, Case
from tests.faults.registry import entries

SICK = [case for case in blind.CASES if case.sick]
BY_NAME = {case.name: case for case in blind.CASES}


def test_names_are_unique_and_in_lower_case() -> None:
    counts = Counter(case.name for case in (*blind.CASES, *healthy.CASES, *sick.CASES, *programs()))
    assert [name for name, count in counts.items() if count > 1] == []
    assert all(name.isidentifier() and name == name.lower() for name in BY_NAME)


def programs() -> list[Case]:
    return [entry.case for entry in entries("programs")]


@pytest.mark.parametrize(("writer", "ill", "well"), [(questions, 38, 9), (practice, 46, 11)])
def test_there_are_the_programs_of_both_writers(writer: ModuleType, ill: int, well: int) -> None:
    assert sum(case.sick for case in writer.CASES) == ill
    assert sum(case.pair is None for case in writer.CASES) == well
    assert len(writer.CASES) == 2 * ill + well


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.name)
def test_every_sick_model_has_a_mended_twin_of_the_same_function(case: Case) -> None:
    twin = BY_NAME[f"{case.name}_mended"]
    assert (case.pair, twin.pair) == (twin.name, case.name)
    assert (twin.kind, twin.expected) == (case.kind, frozenset())
    (build, fixed), (same, mended) = case.build.args, twin.build.args
    assert build is same and (fixed, mended) == (False, True)
    assert build.__doc__.strip(), "no cause is told"


def test_mended_models_have_no_faults_and_a_sick_twin() -> None:
    assert {case.pair for case in blind.CASES if not case.sick and case.pair} == {case.name for case in SICK}


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.name)
def test_expectations_are_rules_or_say_that_there_is_none(case: Case) -> None:
    assert case.expected == {UNNAMED} or case.expected <= set(DIAGNOSES)
    assert not case.also and not case.informs


def test_no_rule_is_named_like_what_stands_for_none() -> None:
    assert UNNAMED not in DIAGNOSES
    unnamed = {case.name for case in SICK if UNNAMED in case.expected}
    assert unnamed == {"post_padding_without_mask", "padding_without_mask", "attention_without_positions"}


def test_a_third_is_held_out_and_twins_are_there_together() -> None:
    held_out = {entry.case.name for entry in entries("blind") if entry.held_out}
    assert all(case.pair is None or (case.pair in held_out) == (case.name in held_out) for case in blind.CASES)
    assert (len(held_out), len(blind.CASES)) == (58, 188)


def test_blind_cases_are_listed_without_tensorflow() -> None:
    code = "import sys; from tests.faults import blind; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cosine_loss_sign", "nan_in_table"])
def test_twins_differ_by_the_mistake_alone_and_seeds_by_all(name: str) -> None:
    keras = pytest.importorskip("keras")

    def build(case: Case, seed: int) -> tuple[object, list[np.ndarray]]:
        keras.utils.set_random_seed(seed)
        trial = case.build(seed)
        return trial, trial.model.get_weights()

    (ill, weights), (mended, same) = (build(BY_NAME[twin], 0) for twin in (name, f"{name}_mended"))
    _, other = build(BY_NAME[name], 1)
    assert all(map(np.array_equal, weights, same)) and not all(map(np.array_equal, weights, other))
    assert ill.fit_kwargs == mended.fit_kwargs and np.array_equal(ill.y, mended.y)
    history = ill.model.fit(ill.x, ill.y, epochs=1, batch_size=ill.fit_kwargs["batch_size"], verbose=0).history
    assert list(history)[-1] == "loss"
