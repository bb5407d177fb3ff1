"""The zoo is whole: rules have sick models of two kinds, each of them a mended twin, and healthy trainings abound."""

import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("sklearn")

from tb_nnhealth.rules import DIAGNOSES
from tests.faults import healthy, sick
from tests.faults.case import Case
from tests.rules.builder import OF_TRAINING

SICK = [case for case in sick.CASES if case.sick]
BY_NAME = {case.name: case for case in (*healthy.CASES, *sick.CASES)}


def test_names_are_unique_and_in_lower_case() -> None:
    counts = Counter(case.name for case in (*healthy.CASES, *sick.CASES))
    assert [name for name, count in counts.items() if count > 1] == []
    assert all(name.isidentifier() and name == name.lower() for name in counts)


def test_forty_healthy_trainings_of_many_kinds() -> None:
    assert len(healthy.CASES) >= 40
    assert [case.name for case in healthy.CASES if case.sick or case.pair] == []
    kinds = " ".join(case.kind for case in healthy.CASES)
    for kind in ("MLP", "CNN", "ResNet", "LSTM", "GRU", "transformer", "autoencoder", "VAE", "GAN", "siamese"):
        assert kind in kinds
    for task in ("multi-output", "fine-tuning", "embeddings", "tiny", "mixed precision", "binary", "multi-label"):
        assert task in kinds


@pytest.mark.parametrize("rule", OF_TRAINING)
def test_every_rule_is_expected_of_models_of_two_kinds_beside_the_demo(rule: str) -> None:
    assert len({case.kind for case in SICK if rule in case.expected}) >= 2


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.name)
def test_every_sick_model_has_a_mended_twin(case: Case) -> None:
    twin = BY_NAME[f"{case.name}_mended"]
    assert (case.pair, twin.pair) == (twin.name, case.name)
    assert (twin.kind, twin.expected) == (case.kind, frozenset())


def test_mended_models_have_no_faults_and_a_sick_twin() -> None:
    assert {case.pair for case in sick.CASES if not case.sick} == {case.name for case in SICK}


@pytest.mark.parametrize("case", SICK, ids=lambda case: case.name)
def test_expectations_are_rules(case: Case) -> None:
    assert case.expected | case.also <= set(DIAGNOSES)
    assert not case.expected & case.also


def test_zoo_is_listed_without_tensorflow() -> None:
    code = "import sys; from tests.faults import healthy, sick; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
