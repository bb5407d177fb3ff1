"""Several `fit`s with the same callback are one training."""

import os
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback, HealthWarning, LogError, Scorecard, read_run
from tb_nnhealth.instrument.schedule import Schedule
from tb_nnhealth.summary import event_file
from tb_nnhealth.summary.writer import HealthWriter
from tests.instrument.test_schedule import simulate
from tests.instrument.training import unwarned

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]
BATCH, STEPS = 4, 9


@pytest.fixture
def model() -> keras.Model:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


def fit(model: keras.Model, health: HealthCallback, bad: float = 0.0, **how: Any) -> None:
    x = np.random.default_rng(0).normal(size=(BATCH * STEPS, 3)).astype("float32")
    y = x[:, :1].copy()
    y[-1] += bad
    model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=[health], **how)


def files(log_dir: Path) -> int:
    return len(list((log_dir / "health").iterdir()))


def test_a_loop_is_sampled_like_one_fit(model: keras.Model, tmp_path: Path) -> None:
    health, started = HealthCallback(tmp_path, overhead=0.0), time.perf_counter()
    for epoch in range(12):
        fit(model, health, epochs=epoch + 1, initial_epoch=epoch)
    elapsed = time.perf_counter() - started
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == simulate(Schedule(overhead=0.0), 12, STEPS)
    assert (run.samples, run.sampled_steps, run.steps) == (len(run.step.steps), len(run.step.steps), 12 * STEPS)
    assert [epoch.epoch for epoch in run.epochs] == list(range(12))
    assert not run.thinned and not run.problems
    assert 0 < run.costs["training"] + run.costs["sampling"] + run.costs["compile"] <= elapsed
    assert files(tmp_path) == 1


class Noise(keras.layers.Layer):
    """Draws from where no step can be taken back."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x + tf.random.normal(tf.shape(x), stddev=0.001)


@pytest.mark.parametrize("how", [{"run_eagerly": True}, {"jit_compile": False}], ids=str)
def test_of_a_loss_of_each_example_the_mean_is_taken(how: dict[str, bool], tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((3,)), Noise(), keras.layers.Dense(1)])
    model.compile("sgd", keras.losses.MeanSquaredError(reduction="none"), **how)
    with unwarned("HealthCallback"):
        fit(model, HealthCallback(tmp_path, sampling=1))
    run = read_run(tmp_path)
    assert run.samples == STEPS
    np.testing.assert_allclose(run.step.series("loss").mean(), run.epochs[0].logs["loss"], rtol=1e-5)


def test_after_each_fit_all_can_be_read(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=2)
    for count in range(1, 4):
        model.optimizer.learning_rate = 0.1 / count
        fit(model, health, initial_epoch=count - 1, epochs=count)
        run = read_run(tmp_path)
        assert run.finished and run.steps == count * STEPS
        assert run.step.steps.tolist() == list(range(0, count * STEPS, 2)) and run.samples == len(run.step.steps)
    assert files(tmp_path) == 1 and all(variable.initial for variable in run.model.variables if len(variable.shape) > 1)


def frozen(model: keras.Model, tmp_path: Path) -> None:
    model.layers[0].trainable = False
    model.compile("sgd", "mse")


def described_otherwise(model: keras.Model, tmp_path: Path) -> None:
    model.layers[0].trainable = False


def without_files(model: keras.Model, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path)


def test_a_file_that_was_cut_off_is_followed_by_another(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=1)
    fit(model, health)
    (file,) = (tmp_path / "health").iterdir()
    os.truncate(file, file.stat().st_size // 2)
    with unwarned():
        fit(model, health)
    steps = read_run(tmp_path).step.steps.tolist()
    assert files(tmp_path) == 2 and steps[-STEPS:] == list(range(STEPS, 2 * STEPS))


@pytest.mark.parametrize(
    ("change", "left"),
    [(frozen, 2), (described_otherwise, 2), (without_files, 1)],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_a_fit_of_something_else_is_a_session_of_its_own(
    model: keras.Model, tmp_path: Path, change: Callable[..., None], left: int
) -> None:
    health = HealthCallback(tmp_path, sampling=1)
    fit(model, health)
    change(model, tmp_path)
    with unwarned():
        fit(model, health)
    run = read_run(tmp_path)
    assert files(tmp_path) == left
    assert run.step.steps.tolist() == list(range(0 if left == 2 else STEPS, 2 * STEPS)) and not run.problems


def test_what_could_be_written_at_last_is_judged(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, left = event_file.EventFile.__init__, [1]

    def fails_once(self: Any, directory: str) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(30, "Read-only file system")
        begin(self, directory)

    monkeypatch.setattr(event_file.EventFile, "__init__", fails_once)
    health = HealthCallback(tmp_path, sampling=1)
    with pytest.warns(HealthWarning, match="Read-only"):
        fit(model, health)
    assert health.scorecard.training["steps"] == STEPS


@pytest.mark.parametrize("guard", [True, False])
def test_steps_that_run_as_one_are_counted_where_the_data_ends_unforeseen(
    model: keras.Model, tmp_path: Path, guard: bool
) -> None:
    x = np.random.default_rng(0).normal(size=(BATCH, 3)).astype("float32")
    spec = (tf.TensorSpec([None, 3]), tf.TensorSpec([None, 1]))
    data = tf.data.Dataset.from_generator(lambda: iter([(x, x[:, :1])] * STEPS), output_signature=spec)
    model.compile("sgd", "mse", steps_per_execution=4)
    health = HealthCallback(tmp_path, sampling=4, guard=guard)
    model.fit(data, epochs=3, verbose=0, callbacks=[health])
    run = read_run(tmp_path)
    assert run.steps == 3 * STEPS and [epoch.step for epoch in run.epochs] == [9, 18, 27]


def test_functions_that_run_eagerly_are_not_compiled(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=1)
    tf.config.run_functions_eagerly(True)
    try:
        fit(model, health)
    finally:
        tf.config.run_functions_eagerly(False)
    run = read_run(tmp_path)
    assert run.samples == STEPS and run.costs["compile"] == 0.0
    assert run.costs["training"] + run.costs["sampling"] > 0


def test_fits_of_a_single_step_know_what_a_step_takes(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=3)
    for _ in range(7):
        fit(model, health, epochs=1, steps_per_epoch=1)
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == [0, 3, 6]
    assert np.isfinite(run.step.series("examples_per_second", "step")).tolist() == [False, True, True]


def test_a_finding_is_told_once(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            fit(model, health, bad=np.nan)
    assert [str(w.message).split(":")[0] for w in caught if w.category is HealthWarning] == ["nonfinite-values"]


def test_what_broke_in_one_fit_is_tried_again_in_the_next(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = HealthCallback(tmp_path, sampling=1)

    def broken(*args: Any) -> None:
        raise RuntimeError("out of order")

    with monkeypatch.context() as patch, pytest.warns(HealthWarning, match="out of order"):
        patch.setattr(HealthWriter, "write_sample", broken)
        fit(model, health)
    fit(model, health)
    assert read_run(tmp_path).step.steps.tolist() == list(range(STEPS, 2 * STEPS))


def test_histograms_stay_rare(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=1)
    for _ in range(3):
        fit(model, health)
    assert read_run(tmp_path).histograms["value"].steps.tolist() == [0, 1, 2, 4, 8, 16]


def test_what_happens_in_a_fit_without_a_sample_is_kept(model: keras.Model, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, sampling=1000)
    fit(model, health)
    fit(model, health, bad=np.nan)
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == [0] and len(run.epochs) == 2
    assert run.nonfinite is not None and run.nonfinite.step == 2 * STEPS - 1


def recompiled(model: keras.Model) -> keras.Model:
    model.compile("adam", "mae")
    return model


def untrained(model: keras.Model) -> keras.Model:
    return recompiled(keras.models.clone_model(model))


@pytest.mark.parametrize(("change", "first_step"), [(recompiled, STEPS), (untrained, 0)])
def test_a_training_of_another_kind_begins_densely(
    model: keras.Model, tmp_path: Path, change: Callable[[keras.Model], keras.Model], first_step: int
) -> None:
    health = HealthCallback(tmp_path, overhead=0.0)
    fit(model, health)
    fit(change(model), health)
    steps = read_run(tmp_path).step.steps
    assert (steps[steps >= first_step] - first_step).tolist() == [0, 1, 2, 4]


def test_before_any_fit_nothing_was_measured(model: keras.Model, tmp_path: Path) -> None:
    fit(model, HealthCallback(tmp_path / "old"))
    for log_dir in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(LogError, match=r"model\.fit\(.*, callbacks=\[health\]\).*measured nothing yet"):
            _ = HealthCallback(log_dir).scorecard
    assert Scorecard.from_logdir(tmp_path / "old").training["steps"] == STEPS


def test_a_training_that_cannot_be_written_is_not_judged_by_an_earlier_one(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(model, HealthCallback(tmp_path), bad=np.nan)
    health = HealthCallback(tmp_path, on_error="raise")

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(event_file.EventFile, "write", full)
    with pytest.warns(HealthWarning, match="No space left"):
        fit(untrained(model), health)
    with pytest.raises(LogError, match="measured nothing yet"):
        _ = health.scorecard
