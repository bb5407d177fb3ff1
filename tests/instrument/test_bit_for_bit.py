"""The callback changes no bit of a training, and leaves the model as it found it."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, read_run
from tests.instrument.conftest import Measured, train_measured
from tests.instrument.training import Outcome, assert_same_bits

pytestmark = pytest.mark.slow

SETTINGS = [
    ("steps_per_execution", {"sampling": "auto", "guard": False}),
    ("mixed_float16", {"sampling": "auto", "guard": False}),
    ("sequential_cnn", {"sampling": 1, "activations": False}),
    ("mixed_float16", {"sampling": 2, "gradients": False}),
    ("recompiled", {"sampling": 2, "gradients": False}),
    ("sequential_cnn", {"sampling": 1, "histograms": False}),
    ("steps_per_execution", {"sampling": 1, "include": "*de*"}),
    ("recompiled", {"sampling": 1, "include": "*de*"}),
]


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


def test_every_step_sampled(measured: Measured, plain: Outcome) -> None:
    outcome, run = measured.outcome, measured.run
    assert_same_training(outcome, plain)
    assert_as_found(outcome)
    assert run.finished and not run.problems and run.steps == outcome.steps[-1] + 1
    assert run.step.steps.tolist() == outcome.steps == plain.steps


def test_only_what_xla_compiles_is_measured_beside(measured: Measured) -> None:
    """What TensorFlow rewrites in these models is known: the proof has found nothing else."""
    assert measured.is_beside is ("jit" in measured.name)


def test_default_settings(case: str, plain: Outcome, tmp_path: Path) -> None:
    """Of the usual six steps three are not sampled, but guarded."""
    assert_same_with(case, HealthCallback(tmp_path), plain)


@pytest.mark.parametrize(("case", "settings"), SETTINGS, indirect=["case"], ids=str)
def test_settings(case: str, settings: dict[str, Any], plain: Outcome, tmp_path: Path) -> None:
    assert_same_with(case, HealthCallback(tmp_path, **settings), plain)


def assert_same_with(case: str, callback: HealthCallback, plain: Outcome) -> None:
    outcome = train_measured(case, callback)
    assert_same_training(outcome, plain)
    assert_as_found(outcome)
    assert read_run(callback.log_dir).samples > 0


def test_the_case_is_trained_at_all(case: str, plain: Outcome) -> None:
    """Every case changes its weights, but the one in which nothing is trainable."""
    changed = any((o[k] != n[k]).any() for o, n in zip(plain.before, plain.after, strict=True) for k in o)
    assert changed != (case == "nothing_trainable")


def test_keras_is_what_the_tests_think() -> None:
    assert keras.backend.backend() == "tensorflow"
