"""Training and inference mode are compared without a trace in the training."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument import kept, modes
from tb_nnhealth.instrument.judge import HealthWarning
from tb_nnhealth.records import HealthRun
from tests.instrument.training import Outcome, assert_same_bits, train, unwarned
from tests.instrument.zoo import Trial, numbers

pytestmark = pytest.mark.slow

X = np.random.default_rng(0).normal(size=(96, 8)).astype("float32")
Y = (X[:, :2].sum(axis=1) > 0).astype("float32")[:, None]

Layers = Callable[[], list[Any]]


def both() -> list[Any]:
    return [layers.Dense(16), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.3)]


def trial(
    hidden: Layers = both, epochs: int = 5, model: type = keras.Sequential, fit: Any = None, **compiled: Any
) -> Trial:
    made = model([keras.Input((8,)), *hidden(), layers.Dense(1, activation="sigmoid", kernel_regularizer="l2")])
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"], **compiled)
    return Trial(made, [{"x": X, "y": Y, "batch_size": 16, "epochs": epochs, "verbose": 0, **(fit or {})}])


def two_outputs() -> Trial:
    inputs = keras.Input((8,), name="x")
    hidden = layers.Dropout(0.3)(layers.BatchNormalization()(layers.Dense(16, activation="relu")(inputs)))
    outputs = {"a": layers.Dense(1, name="a")(hidden), "b": layers.Dense(1, name="b")(hidden)}
    model = keras.Model({"x": inputs}, outputs)
    model.compile("sgd", {"a": "mse", "b": "mae"}, loss_weights={"a": 1.0, "b": 0.5}, metrics={"a": ["mae"]})
    rows = {"x": {"x": X}, "y": {"a": Y, "b": 2 * Y}, "sample_weight": {"a": Y[:, 0] + 1, "b": Y[:, 0] + 2}}
    return Trial(model, [{**rows, "batch_size": 16, "epochs": 4, "verbose": 0}])


def recurrent() -> Trial:
    cells = [layers.Reshape((4, 2)), layers.GRU(6, dropout=0.2, recurrent_dropout=0.2)]
    return trial(lambda: [*cells, layers.GaussianNoise(0.1)])


def half() -> Trial:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return trial()
    finally:
        keras.config.set_dtype_policy("float32")


class Penalized(layers.Layer):
    """Adds to the loss, and draws by Keras' own seeds."""

    def call(self, x: Any, training: bool = False) -> Any:
        self.add_loss(0.01 * keras.ops.sum(keras.ops.square(x)))
        return x + keras.random.normal(keras.ops.shape(x), stddev=0.1) if training else x


def from_generator() -> Trial:
    def batches() -> Iterator[Any]:
        random = np.random.default_rng(7)
        while True:
            rows = random.integers(0, len(X), 16)
            yield X[rows], Y[rows]

    made = trial()
    made.steps[0] = {"x": batches(), "steps_per_epoch": 6, "epochs": 4, "verbose": 0}
    return made


MEASURED: dict[str, Callable[[], Trial]] = {
    "batch normalization and dropout": trial,
    "two outputs with sample weights": two_outputs,
    "recurrent dropout": recurrent,
    "float16": half,
    "two fits": lambda: Trial(*_twice(trial())),
    "class weights": lambda: trial(fit={"class_weight": {0: 1.0, 1: 3.0}}),
    "several steps at once": lambda: trial(steps_per_execution=3),
    "a layer of one's own": lambda: trial(lambda: [layers.Dense(16), Penalized()]),
    "a generator": from_generator,
    "a validation": lambda: trial(fit={"validation_data": (X, Y)}),
}


def _twice(made: Trial) -> tuple[Any, Any]:
    return made.model, [*made.steps, *made.steps]


def measured(make: Callable[[], Trial], log_dir: Path, **settings: Any) -> tuple[Outcome, HealthRun]:
    with unwarned("HealthCallback"):
        outcome = train(make, lambda: [HealthCallback(log_dir, **settings)])
    return outcome, read_run(log_dir)


def assert_same(outcome: Outcome, reference: Outcome) -> None:
    assert_same_bits(outcome.state, reference.state)
    assert outcome.history == reference.history


@pytest.mark.parametrize("name", MEASURED)
def test_no_bit_changes_and_both_modes_are_measured(name: str, tmp_path: Path) -> None:
    outcome, run = measured(MEASURED[name], tmp_path)
    assert_same(outcome, train(MEASURED[name]))
    found = [epoch.modes for epoch in run.epochs if epoch.modes is not None]
    assert len(found) >= 3
    assert all(np.isfinite([each.training, each.inference]).all() for each in found)
    assert all(each.training != each.inference for each in found)


def test_the_losses_are_those_of_keras(tmp_path: Path) -> None:
    """With the whole data in one batch, `evaluate` says what inference mode must have given."""
    outcome, run = measured(lambda: trial(epochs=2, fit={"batch_size": len(X)}), tmp_path, sampling=1)
    last, model = run.epochs[-1].modes, outcome.model
    expected = keras.losses.binary_crossentropy(Y, model(X, training=False)).numpy().mean()
    assert last is not None and last.inference == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(X, Y, verbose=0)[0] > expected  # It has the penalty in it.


def test_training_mode_is_that_of_the_next_step(tmp_path: Path) -> None:
    """The next step on the same batch begins with that loss: batch statistics, and the dropout that the seeds give."""

    def make() -> Trial:
        made = trial(lambda: [*both(), layers.Dropout(0.2)], epochs=2, fit={"batch_size": len(X), "shuffle": False})
        made.model.layers[-1].kernel_regularizer = None
        return made

    _, run = measured(make, tmp_path, sampling=1)
    first, second = run.epochs
    assert first.modes is not None
    assert first.modes.training == pytest.approx(run.step.series("data_loss", "step")[1], rel=1e-5)
    assert second.modes is not None


class OwnStep(keras.Sequential):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


class OwnLoss(keras.Sequential):
    def compute_loss(self, *given: Any, **named: Any) -> Any:
        return 2.0 * super().compute_loss(*given, **named)


class Decorated(layers.Dropout):
    @tf.function
    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call(inputs, training=training)


class Counting(layers.Layer):
    """Counts its calls in a variable that Keras does not know."""

    def build(self, shape: Any) -> None:
        self.seen = tf.Variable(0)

    def call(self, x: Any, training: bool = False) -> Any:
        self.seen.assign_add(1)
        return x * 2 if training else x


def added_loss_only() -> Trial:
    model = keras.Sequential([keras.Input((8,)), layers.Dense(4), layers.Dropout(0.3), Penalized()])
    model.compile("adam")
    return Trial(model, [{"x": X, "epochs": 2, "verbose": 0}])


NOT_MEASURED: dict[str, tuple[Callable[[], Trial], dict[str, Any]]] = {
    "nothing differs": (lambda: trial(lambda: [layers.Dense(16), layers.LayerNormalization()]), {}),
    "no rate": (lambda: trial(lambda: [layers.Dropout(0.0)]), {}),
    "switched off": (trial, {"modes": False}),
    "a step of its own": (lambda: trial(model=OwnStep), {}),
    "a loss of its own": (lambda: trial(model=OwnLoss), {}),
    "no compiled loss": (added_loss_only, {}),
    "eager": (lambda: trial(run_eagerly=True, epochs=2), {}),
    "a function of TensorFlow": (lambda: trial(lambda: [Decorated(0.3)]), {}),
    "a side effect": (lambda: trial(lambda: [Counting()]), {}),
}


@pytest.mark.parametrize("name", NOT_MEASURED)
def test_where_it_cannot_be_had_nothing_is_measured_nor_said(name: str, tmp_path: Path) -> None:
    make, settings = NOT_MEASURED[name]
    outcome, run = measured(make, tmp_path, **settings)
    assert_same(outcome, train(make))
    assert run.epochs and {epoch.modes for epoch in run.epochs} == {None}
    for layer in outcome.model.layers:
        assert not isinstance(layer, Counting) or int(layer.seen) == 30


def test_what_a_function_out_of_sight_keeps_is_not_spoilt(tmp_path: Path) -> None:
    """It is traced for batches of an open size by the second `fit` only: had it been before, it would keep that."""

    @tf.function
    def helper(layer: Any, x: Any, training: bool) -> Any:
        return layer(x, training=training)

    class Helped(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.normal = layers.BatchNormalization(momentum=0.5)

        def build(self, shape: Any) -> None:
            self.normal.build(shape)

        def call(self, x: Any, training: bool = False) -> Any:
            return helper(self.normal, x, training)

    def make() -> Trial:
        made = trial(lambda: [Helped()], epochs=2)
        static = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16, drop_remainder=True)
        open_size = {"x": X[:60] + 3, "y": Y[:60], "batch_size": 16, "shuffle": False, "verbose": 0}
        return replace(made, steps=[{"x": static, "epochs": 2, "verbose": 0}, open_size])

    with pytest.warns(HealthWarning, match="all of the step"):
        outcome = train(make, lambda: [HealthCallback(tmp_path)])
    assert_same(outcome, train(make))


def test_under_xla_the_replayed_batch_is_kept(tmp_path: Path) -> None:
    def make() -> Trial:
        return trial(jit_compile=True, epochs=2)

    outcome, run = measured(make, tmp_path)
    assert_same(outcome, train(make))
    assert run.epochs and all(epoch.modes is not None for epoch in run.epochs)


def test_a_batch_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 16 * 9 * 4 - 1)
    assert {epoch.modes for epoch in measured(trial, tmp_path)[1].epochs} == {None}


def test_sequences_of_another_length_in_each_fit(tmp_path: Path) -> None:
    inputs = keras.Input((None, 6))
    hidden = keras.layers.Dropout(0.1)(keras.layers.MultiHeadAttention(2, 3)(inputs, inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(hidden)))
    model.compile("adam", "mse")
    health = HealthCallback(tmp_path, sampling=1)
    with unwarned("HealthCallback could not"):
        for length in (4, 7, 3):
            x = np.random.default_rng(length).normal(size=(17, length, 6)).astype("float32")
            model.fit(x, numbers(17), batch_size=8, epochs=2, verbose=0, callbacks=[health])
    assert all(epoch.modes for epoch in read_run(tmp_path).epochs[1::2])


def test_a_failure_inside_is_said_once_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(modes, "data_loss", fail)
    with pytest.warns(HealthWarning, match="could not measure training and inference mode.*broken") as said:
        outcome = train(trial, lambda: [HealthCallback(tmp_path)])
    assert sum("broken" in str(warning.message) for warning in said) == 1
    assert_same(outcome, train(trial))
    run = read_run(tmp_path)
    assert run.finished and run.samples > 5 and {epoch.modes for epoch in run.epochs} == {None}


def test_a_failure_while_it_runs_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = modes.data_loss

    def fail(*given: Any) -> Any:
        with tf.control_dependencies([tf.debugging.Assert(tf.constant(False), ["broken"])]):
            return tf.identity(own(*given))

    monkeypatch.setattr(modes, "data_loss", fail)
    with pytest.warns(HealthWarning, match="could not measure training and inference mode"):
        outcome = train(trial, lambda: [HealthCallback(tmp_path)])
    assert_same(outcome, train(trial))
    assert read_run(tmp_path).finished


def test_without_a_budget_epochs_are_measured_whose_number_doubles_and_the_last(tmp_path: Path) -> None:
    run = measured(lambda: trial(epochs=11), tmp_path, overhead=0.0)[1]
    assert [epoch.epoch + 1 for epoch in run.epochs if epoch.modes] == [1, 2, 4, 8, 11]


def test_single_epochs_in_a_row_are_no_last_ones(tmp_path: Path) -> None:
    def make() -> Trial:
        made = trial(epochs=1)
        return Trial(made.model, made.steps * 6)

    run = measured(make, tmp_path, overhead=0.0)[1]
    assert [i + 1 for i, epoch in enumerate(run.epochs) if epoch.modes] == [1, 2, 4]


def test_an_early_stop_is_a_last_epoch(tmp_path: Path) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.stop_training = epoch == 4

    def make() -> Trial:
        return replace(trial(epochs=9), callbacks=lambda: [Stop()])

    run = measured(make, tmp_path, overhead=0.0)[1]
    assert [epoch.epoch + 1 for epoch in run.epochs if epoch.modes] == [1, 2, 4, 5]
