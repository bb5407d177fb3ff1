"""The callback changes no bit of a training, leaves the model as it found it, and sees what really happened."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.records import HealthRun
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


def measured(name: str, log_dir: Path, **settings: Any) -> Outcome:
    """Trains with the callback; a warning of its own that something broke is an error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="HealthCallback")
        return train(CASES[name], lambda: [HealthCallback(log_dir, **settings)])


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


def assert_true_updates(run: HealthRun, outcome: Outcome) -> None:
    """Values before and changes by each step, against the weights that a naive callback kept."""
    for step, before, after in zip(outcome.steps, outcome.before, outcome.after, strict=True):
        at = int(np.searchsorted(run.step.steps, step))
        for path in before:
            old, new = (np.float64(weights[path]) for weights in (before, after))
            row = run.variables.row(path)
            assert row is not None
            expected = {
                "value_norm": np.linalg.norm(old),
                "value_mean": old.mean(),
                "value_std": old.std(),
                "value_absmax": np.abs(old).max(),
                "value_zero_fraction": (old == 0).mean(),
                "value_nonfinite": 0,
                "update_norm": np.linalg.norm(new - old),
                "update_rms": np.sqrt(np.mean((new - old) ** 2)),
            }
            for name, value in expected.items():
                found = run.variables.series(name)[at, row]
                np.testing.assert_allclose(found, value, rtol=2e-5, atol=1e-7, err_msg=f"{name} of {path} at {step}")


@pytest.mark.parametrize("name", CASES)
def test_every_step_sampled(name: str, tmp_path: Path) -> None:
    outcome = measured(name, tmp_path, sampling=1)
    assert_same_training(outcome, plain(name))
    assert_as_found(outcome)
    run = read_run(tmp_path)
    assert run.finished and not run.problems and run.steps == outcome.steps[-1] + 1
    assert run.step.steps.tolist() == outcome.steps == plain(name).steps
    if not name.startswith("steps_per_execution"):
        assert_true_updates(run, outcome)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", VARIED)
def test_settings(name: str, variant: str, tmp_path: Path) -> None:
    outcome = measured(name, tmp_path, **VARIANTS[variant])
    assert_same_training(outcome, plain(name))
    assert_as_found(outcome)
    assert read_run(tmp_path).samples > 0


def test_the_zoo_is_trained_at_all() -> None:
    """Every case changes its weights, but the one in which nothing is trainable."""
    for name in CASES:
        changed = any(
            (o[k] != n[k]).any() for o, n in zip(plain(name).before, plain(name).after, strict=True) for k in o
        )
        assert changed != (name == "nothing_trainable"), name


def test_keras_is_what_the_tests_think() -> None:
    assert keras.backend.backend() == "tensorflow"
