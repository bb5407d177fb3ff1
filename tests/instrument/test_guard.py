"""The guard names the step and the place where NaN and Inf begin, also between the samples."""

import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, Scorecard, read_run
from tb_nnhealth.records import HealthRun
from tests.instrument.training import unwarned
from tests.instrument.zoo import OwnLoss, flat, mlp, numbers

pytestmark = pytest.mark.slow

STEPS = 40
UNSAMPLED = 29
"""A step that neither the dense start (0, 1, 2, 4, 8 …) nor the epoch's turn (step 0) samples with `overhead=0`."""

HOW = {
    "graph": {},
    "eager": {"run_eagerly": True},
    "xla": {"jit_compile": True},
    "several_as_one": {"steps_per_execution": 5},
}


def guarded(model: keras.Model, x: Any, y: Any, log_dir: Path, **settings: Any) -> HealthRun:
    """Trains in batches of 2 rows without shuffling; nothing that breaks in the callback is let pass."""
    with unwarned("HealthCallback could not"):
        health = HealthCallback(log_dir, **({"overhead": 0.0} | settings))
        model.fit(x, y, batch_size=2, shuffle=False, verbose=0, callbacks=[health])
    return read_run(log_dir)


def data(steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    return flat(2 * steps), numbers(2 * steps)


def compiled(model: keras.Model, optimizer: Any = "sgd", **how: Any) -> keras.Model:
    model.compile(optimizer, "mse", **how)
    return model


def first(run: HealthRun) -> tuple[int, str, str]:
    assert run.nonfinite is not None
    return run.nonfinite.step, run.nonfinite.places[0].stage, run.nonfinite.places[0].path


@pytest.mark.parametrize("sampling", ["auto", 1])
def test_a_bad_weight_of_an_example_is_named(tmp_path: Path, sampling: Any) -> None:
    x, y = data()
    model, weights = compiled(mlp()), np.ones(len(x), np.float32)
    weights[2 * UNSAMPLED] = np.nan
    with unwarned("HealthCallback could not"):
        health = HealthCallback(tmp_path, overhead=0.0, sampling=sampling)
        model.fit(x, y, sample_weight=weights, batch_size=2, shuffle=False, verbose=0, callbacks=[health])
    assert first(read_run(tmp_path)) == (UNSAMPLED, "input", "sample_weight")
    assert "sample_weight" in finding(tmp_path).message


def finding(log_dir: Path) -> Any:
    (found,) = [f for f in Scorecard.from_logdir(log_dir).findings if f.rule == "nonfinite-values"]
    return found


@pytest.mark.parametrize("how", HOW)
def test_nan_in_an_input(how: str, tmp_path: Path) -> None:
    x, y = data()
    x[2 * UNSAMPLED, 3] = np.nan
    model = mlp()
    run = guarded(compiled(model, **HOW[how]), x, y, tmp_path)
    assert how == "several_as_one" or UNSAMPLED not in run.step.steps
    assert first(run)[:2] == (UNSAMPLED, "input")
    assert run.nonfinite is not None and run.nonfinite.places[0].count == 1
    assert finding(tmp_path).first_step == UNSAMPLED


@pytest.mark.parametrize("where", [1, UNSAMPLED, STEPS - 1])
def test_nan_in_a_target(where: int, tmp_path: Path) -> None:
    x, y = data()
    y[2 * where] = np.nan
    assert first(guarded(compiled(mlp()), x, y, tmp_path)) == (where, "input", "target/head")
    assert finding(tmp_path).first_step == where


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("after", [[], [layers.ReLU]], ids=["read", "overwritten"])
def test_a_layers_output(how: str, after: list[Any], tmp_path: Path) -> None:
    """The logarithm of a negative number, on one batch only."""
    x, y = data()
    x = np.abs(x) + 1
    x[2 * UNSAMPLED + 1, 0] = -1.0
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Lambda(tf.math.log, name="logarithm"),
            *(make() for make in after),
            layers.Dense(1, name="head"),
        ]
    )
    run = guarded(compiled(model, **HOW[how]), x, y, tmp_path)
    assert first(run) == (UNSAMPLED, "activation", "sequential/logarithm")
    found = finding(tmp_path)
    assert (found.first_step, found.layer) == (UNSAMPLED, "sequential/logarithm")


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("at", [UNSAMPLED, STEPS - 1])
def test_a_gradient_while_the_loss_is_finite(how: str, at: int, tmp_path: Path) -> None:
    """The square root's gradient at zero is infinite, its value is not; at the last step no loss tells of it."""
    x, y = np.ones((2 * STEPS, 1), np.float32), np.ones((2 * STEPS, 1), np.float32)
    x[2 * at : 2 * at + 2] = 0.0
    model = keras.Sequential(
        [
            layers.Input((1,)),
            layers.Dense(1, use_bias=False, kernel_initializer="ones", name="first"),
            layers.Lambda(tf.sqrt, name="root"),
        ]
    )
    run = guarded(compiled(model, **HOW[how]), x, y, tmp_path)
    step, stage, path = first(run)
    assert step == at and path.endswith(("first", "first/kernel", "root"))
    assert stage in ("update", "gradient")
    found = finding(tmp_path)
    assert found.last_step == at and (found.first_step == at or at == STEPS - 1 > found.first_step)


def hiding(**how: Any) -> keras.Model:
    """A model whose fused ReLU makes zero of NaN: the loss stays finite, the kernel does not."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Lambda(lambda x: tf.math.log(x + 100.0), name="logarithm"),
            layers.Dense(4, activation="relu", name="hidden"),
            layers.Dense(1, name="head"),
        ]
    )
    return compiled(model, keras.optimizers.SGD(0.001), **how)


def hidden(epochs: int, at: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = data(epochs * STEPS)
    x[2 * at] = -200.0
    return x, y


@pytest.mark.parametrize(("how", "at"), [("graph", UNSAMPLED), ("several_as_one", 27)])
@pytest.mark.parametrize("guard", [True, False])
def test_nan_that_hides_from_the_loss_until_the_next_sample(how: str, at: int, guard: bool, tmp_path: Path) -> None:
    run = guarded(hiding(**HOW[how]), *hidden(1, at), tmp_path, guard=guard)
    assert np.isfinite(run.step.series("loss", "step")).all()
    samples = run.variables.steps[run.variables.steps > 0]
    before, after = int(samples[samples < at][-1]), int(samples[samples > at][0])
    assert run.nonfinite is not None and run.nonfinite.places[0].path == "sequential/hidden/kernel"
    assert (run.nonfinite.since, run.nonfinite.step) == (before - 1, after - 1)
    found = finding(tmp_path)
    assert found.first_step == before <= at <= found.last_step == after - 1
    assert f"between step {before} and step {after - 1}" in found.message


def test_nan_that_hides_from_the_loss_until_the_end(tmp_path: Path) -> None:
    run = guarded(hiding(), *hidden(1, 38), tmp_path)
    sampled = int(run.variables.steps[-1])
    assert run.nonfinite is not None and (run.nonfinite.since, run.nonfinite.step) == (sampled - 1, STEPS - 1)
    assert (finding(tmp_path).first_step, finding(tmp_path).last_step) == (sampled, STEPS - 1)


def test_nan_that_hides_in_the_last_step_after_a_sample_in_each(tmp_path: Path) -> None:
    """The sample of step 29 sees the layer's output in it: the step is exact."""
    run = guarded(hiding(), *hidden(1, UNSAMPLED), tmp_path, sampling=1)
    assert run.nonfinite is not None and run.nonfinite.since is None
    assert finding(tmp_path).first_step == finding(tmp_path).last_step == UNSAMPLED


def test_variables_are_looked_at_when_an_epoch_ends(tmp_path: Path) -> None:
    x, y = hidden(1, UNSAMPLED)
    health = HealthCallback(tmp_path, sampling=1000, on_error="stop")
    with pytest.warns(UserWarning, match="training is stopped"):
        history = hiding().fit(x, y, epochs=3, batch_size=2, shuffle=False, verbose=0, callbacks=[health])
    run = read_run(tmp_path)
    assert len(history.epoch) == 1 and run.nonfinite is not None
    assert (run.nonfinite.since, run.nonfinite.step) == (-1, STEPS - 1)


def test_a_sample_tells_nothing_of_variables_that_it_does_not_measure(tmp_path: Path) -> None:
    run = guarded(hiding(), *hidden(1, UNSAMPLED), tmp_path, exclude="*/hidden")
    assert run.nonfinite is not None and run.nonfinite.places[0].path == "sequential/hidden/kernel"
    assert (run.nonfinite.since, run.nonfinite.step) == (-1, STEPS - 1)


def test_exploding_training(tmp_path: Path) -> None:
    x, y = data()
    run = guarded(compiled(mlp(), keras.optimizers.SGD(1e3)), 100 * x, y, tmp_path)
    step, stage, _ = first(run)
    assert 1 <= step < 20 and stage in ("update", "activation", "loss", "gradient")


def test_skipped_steps_of_mixed_float16_are_no_finding(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(4, dtype="mixed_float16"), layers.Dense(1)])
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=2.0**24)
    x, y = data()
    run = guarded(compiled(model, optimizer), x, y, tmp_path, sampling=1)
    assert run.step.series("step_skipped", "step").sum() >= 1
    assert run.nonfinite is None
    assert not [f for f in Scorecard.from_logdir(tmp_path).findings if f.rule == "nonfinite-values"]


def test_mixed_float16_with_nan_in_an_input(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((6,)), layers.Dense(4, dtype="mixed_float16"), layers.Dense(1)])
    x, y = data()
    x[2 * UNSAMPLED] = np.nan
    run = guarded(compiled(model, keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())), x, y, tmp_path)
    assert first(run)[:2] == (UNSAMPLED, "input")


def test_a_custom_step_that_never_calls_compute_loss(tmp_path: Path) -> None:
    inner = mlp()
    model = OwnLoss(inner.inputs, inner.outputs)
    model.compile("sgd")
    x, y = data()
    y[2 * UNSAMPLED] = np.inf
    run = guarded(model, x, y, tmp_path)
    assert first(run)[:2] == (UNSAMPLED, "input")


def test_switched_off_only_samples_tell(tmp_path: Path) -> None:
    x, y = data()
    x[2 * UNSAMPLED] = np.nan
    run = guarded(compiled(mlp()), x, y, tmp_path, guard=False)
    assert first(run)[:2] == (31, "update")
    assert finding(tmp_path).first_step <= UNSAMPLED


def test_healthy_training(tmp_path: Path) -> None:
    assert guarded(compiled(mlp()), *data(), tmp_path).nonfinite is None


def test_tensorflow_has_nothing_to_complain_of(tmp_path: Path) -> None:
    told: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: told.append(record.getMessage())
    tf.get_logger().addHandler(handler)
    try:
        guarded(compiled(mlp()), *data(), tmp_path)
    finally:
        tf.get_logger().removeHandler(handler)
    assert told == []


def test_a_second_fit_is_guarded_anew(tmp_path: Path) -> None:
    model, health = compiled(mlp()), HealthCallback(tmp_path, overhead=0.0)
    x, y = data()
    settings = {"batch_size": 2, "shuffle": False, "verbose": 0, "callbacks": [health]}
    model.fit(x, y, **settings)
    y[2 * UNSAMPLED] = np.nan
    with pytest.warns(UserWarning, match="nonfinite-values"):
        model.fit(x, y, **settings)
    assert first(read_run(tmp_path)) == (STEPS + UNSAMPLED, "input", "target/head")


@pytest.mark.parametrize("how", ["graph", "xla"])
def test_a_second_fit_with_other_parts_in_its_batches(how: str, tmp_path: Path) -> None:
    """Without weights, then with: what the guard looks at is no longer the same."""
    model, health = compiled(mlp(), **HOW[how]), HealthCallback(tmp_path, overhead=0.0)
    x, y = data()
    settings = {"batch_size": 2, "shuffle": False, "verbose": 0, "callbacks": [health]}
    with unwarned("HealthCallback could not"):
        model.fit(x, y, **settings)
        y[2 * UNSAMPLED] = np.nan
        model.fit(x, y, sample_weight=np.ones(len(x)), **settings)
    assert first(read_run(tmp_path)) == (STEPS + UNSAMPLED, "input", "target/head")


def test_a_sum_of_large_numbers_is_no_finding(tmp_path: Path) -> None:
    x, y = data()
    x[:] = 3e38
    model = keras.Sequential([layers.Input((6,)), layers.Lambda(tf.sign), layers.Dense(1)])
    assert guarded(compiled(model), x, y, tmp_path).nonfinite is None


def test_steps_are_counted_where_the_data_ends_unforeseen(tmp_path: Path) -> None:
    """Keras calls the step once more at each epoch's end, without data."""
    x, y = data(10)
    epochs = []

    def batches() -> Any:
        epochs.append(1)
        for i in range(10):
            bad = len(epochs) == 4 and i == 7
            yield x[2 * i : 2 * i + 2], y[2 * i : 2 * i + 2] * (np.nan if bad else 1)

    signature = (tf.TensorSpec([None, 6]), tf.TensorSpec([None, 1]))
    model = compiled(mlp())
    health = HealthCallback(tmp_path, sampling=1000)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    with pytest.warns(UserWarning, match="nonfinite-values"):
        model.fit(dataset, epochs=5, verbose=0, callbacks=[health])
    run = read_run(tmp_path)
    first_bad = 10 * (3 - (len(epochs) - 5)) + 7  # Keras may begin the data once more, to look at it.
    assert run.steps == 50 and first(run)[:2] == (first_bad, "input")


class LeavesOut(keras.losses.Loss):
    """A mean squared error that leaves out targets that are NaN."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        known = tf.math.is_finite(y_true)
        return tf.reduce_mean(tf.where(known, tf.square(tf.where(known, y_true, 0.0) - y_pred), 0.0), -1)


def test_targets_that_a_loss_leaves_out_are_no_fault(tmp_path: Path) -> None:
    model = mlp()
    model.compile("sgd", LeavesOut())
    x, y = data()
    y[::3] = np.nan
    guarded(model, x, y, tmp_path, on_error="raise")
    assert {f.severity for f in Scorecard.from_logdir(tmp_path).findings if f.rule == "nonfinite-values"} == {"info"}
