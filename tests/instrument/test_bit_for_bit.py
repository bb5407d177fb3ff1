"""The callback changes no bit of a training, and leaves the model as it found it."""

from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, read_run
from tests.instrument.conftest import Measured, train_measured
from tests.instrument.training import Outcome, assert_same_bits, train
from tests.instrument.zoo import CASES

pytestmark = pytest.mark.slow

VARIANTS = {
    "auto": {"sampling": "auto"},
    "no_guard": {"sampling": "auto", "guard": False},
    "no_activations": {"sampling": 1, "activations": False},
    "no_gradients": {"sampling": 2, "gradients": False},
    "no_histograms": {"sampling": 1, "histograms": False},
    "include": {"sampling": 1, "include": "*de*"},
}
VARIED = ("sequential_cnn", "mixed_float16", "steps_per_execution", "recompiled")


@cache
def plain(name: str) -> Outcome:
    return train(CASES[name])


def assert_as_found(outcome: Outcome) -> None:
    model = outcome.model
    own = {"call", "apply", "compute_loss", "train_step", "_flat_losses"}
    assert not own & vars(model).keys()
    for layer in model._flatten_layers():
        assert "call" not in vars(layer), layer.path
    if model.optimizer is not None:
        assert "apply" not in vars(model.optimizer)
    compiled = getattr(model, "_compile_loss", None)
    assert compiled is None or "call" not in vars(compiled)
    assert type(model.train_function).__name__ != "Session"


def assert_same_training(outcome: Outcome, reference: Outcome) -> None:
    assert_same_bits(outcome.state, reference.state)
    assert [h.keys() for h in outcome.history] == [h.keys() for h in reference.history]
    for ours, theirs in zip(outcome.history, reference.history, strict=True):
        for key in ours:
            np.testing.assert_array_equal(ours[key], theirs[key])


def test_every_step_sampled(measured: Measured) -> None:
    outcome, run, reference = measured.outcome, measured.run, plain(measured.name)
    assert_same_training(outcome, reference)
    assert_as_found(outcome)
    assert run.finished and not run.problems and run.steps == outcome.steps[-1] + 1
    assert run.step.steps.tolist() == outcome.steps == reference.steps


def test_only_what_xla_compiles_is_measured_beside(measured: Measured) -> None:
    """What TensorFlow rewrites in these models is known: the proof has found nothing else."""
    assert measured.is_beside is ("jit" in measured.name)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", VARIED)
def test_settings(name: str, variant: str, tmp_path: Path) -> None:
    outcome = train_measured(name, HealthCallback(tmp_path, **VARIANTS[variant]))
    assert_same_training(outcome, plain(name))
    assert_as_found(outcome)
    assert read_run(tmp_path).samples > 0


def test_the_case_is_trained_at_all(measured: Measured) -> None:
    """Every case changes its weights, but the one in which nothing is trainable."""
    outcome = plain(measured.name)
    changed = any((o[k] != n[k]).any() for o, n in zip(outcome.before, outcome.after, strict=True) for k in o)
    assert changed != (measured.name == "nothing_trainable")


def test_keras_is_what_the_tests_think() -> None:
    assert keras.backend.backend() == "tensorflow"
