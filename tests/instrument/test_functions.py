"""A `tf.function` of the user's own, around the training step or in it, is measured and keeps its cache clean."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument.taps import Observer
from tb_nnhealth.instrument.twin import watched
from tb_nnhealth.records import HealthRun
from tests.instrument.training import assert_same_bits
from tests.instrument.zoo import flat, numbers

pytestmark = pytest.mark.slow
FEATURES = 4


class Plain(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="model")
        self.hidden = layers.Dense(8, activation="relu", name="hidden")
        self.drop = layers.Dropout(0.3, seed=1, name="drop")
        self.head = layers.Dense(1, name="head")

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.head(self.drop(self.hidden(inputs), training=training))


def learn(model: keras.Model, data: Any) -> dict[str, Any]:
    x, y = data
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
    if loss > 1e-6:  # AutoGraph makes a `tf.cond` of it.
        scale = tf.constant(1.0)
    else:
        scale = tf.constant(0.5)
    gradients = [scale * gradient for gradient in tape.gradient(loss, model.trainable_variables)]
    model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return {"loss": loss}


class Step(Plain):
    @tf.function
    def train_step(self, data: Any) -> dict[str, Any]:
        return learn(self, data)


class CompiledStep(Plain):
    @tf.function(jit_compile=True, reduce_retracing=True)
    def train_step(self, data: Any) -> dict[str, Any]:
        return learn(self, data)


class Helper(Plain):
    @tf.function
    def learn(self, data: Any) -> dict[str, Any]:
        return learn(self, data)

    def train_step(self, data: Any) -> dict[str, Any]:
        return self.learn(data)


class Call(Plain):
    @tf.function
    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.head(self.drop(self.hidden(inputs), training=training))


class CompiledCall(Plain):
    @tf.function(jit_compile=True)
    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.head(self.drop(self.hidden(inputs), training=training))


def in_init() -> keras.Model:
    model = Plain()
    model.train_step = tf.function(model.train_step)
    return model


def function(model: keras.Model) -> Any:
    return {Helper: lambda: model.learn, Call: lambda: model.call, CompiledCall: lambda: model.call}.get(
        type(model), lambda: model.train_step
    )()


def graphs(model: keras.Model) -> Iterator[list[str]]:
    for concrete in function(model)._list_all_concrete_functions():
        yield [operation.name for operation in concrete.graph.get_operations()]


def fit(model: keras.Model, *callbacks: keras.callbacks.Callback) -> None:
    model.fit(flat(44, FEATURES), numbers(44), batch_size=8, epochs=2, verbose=0, callbacks=list(callbacks))


def ready(make: Callable[[], keras.Model], **how: Any) -> keras.Model:
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = make()
    model(flat(8, FEATURES))
    model.compile("adam", "mse", **how)
    return model


def measured(
    make: Callable[[], keras.Model], log_dir: Path, is_traced: bool, **how: Any
) -> tuple[HealthRun, list[str]]:
    """Trains with the callback and without, and compares; returns the run and our warnings."""
    outcomes = []
    for callbacks in ([], [HealthCallback(log_dir, sampling=2)]):
        model = ready(make, **how)
        if is_traced:
            fit(model)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(model, *callbacks)
        outcomes.append([np.array(v) for v in model.variables])
    assert_same_bits(*outcomes)
    told = [str(w.message) for w in caught if "HealthCallback" in str(w.message)]
    assert not any("nnhealth" in name for names in graphs(model) for name in names)
    return read_run(log_dir), told


@pytest.mark.parametrize(
    ("make", "is_traced"),
    [(Step, False), (Step, True), (CompiledStep, True), (Helper, True), (Call, False), (Call, True), (in_init, False)],
)
def test_it_is_measured(make: Callable[[], keras.Model], is_traced: bool, tmp_path: Path) -> None:
    run, told = measured(make, tmp_path, is_traced)
    assert told == []
    assert [row.split("/")[-1] for row in run.activations.rows] == ["hidden", "drop", "head"]
    assert len(run.variables.rows) == 4 and run.samples == 6
    for table, statistic in ((run.variables, "gradient_norm"), (run.activations, "output_gradient_rms")):
        assert np.isfinite(table.series(statistic)).all()


@pytest.mark.parametrize("make", [Step, Call])
def test_it_stays_compiled_where_the_model_runs_eagerly(make: Callable[[], keras.Model], tmp_path: Path) -> None:
    measured(make, tmp_path, False, run_eagerly=True)


@pytest.mark.parametrize("is_traced", [False, True])
def test_what_cannot_be_taken_apart_is_told(is_traced: bool, tmp_path: Path) -> None:
    run, told = measured(CompiledCall, tmp_path, is_traced)
    assert len(told) == 1 and "tf.function" in told[0]
    assert len(run.variables.rows) == 4 and run.activations.rows == ()


@pytest.mark.parametrize("is_traced", [False, True])
def test_a_function_that_is_nobodys_attribute_is_told(is_traced: bool, tmp_path: Path) -> None:
    hidden = tf.function(learn)

    class Outside(Plain):
        def train_step(self, data: Any) -> dict[str, Any]:
            return hidden(self, data)

    model = ready(Outside)
    if is_traced:
        fit(model)
    with pytest.warns(UserWarning, match=r"tf\.function") as caught:
        fit(model, HealthCallback(tmp_path))
    assert len([w for w in caught if "HealthCallback" in str(w.message)]) == 1
    names = [o.name for f in hidden._list_all_concrete_functions() for o in f.graph.get_operations()]
    assert names and not any("nnhealth" in name for name in names)
    assert read_run(tmp_path).variables.rows == ()


def test_tensorflow_does_not_take_the_steps_of_many_trainings_for_one_that_is_traced_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    x = np.ones((4, 3), "float32")
    for number in range(6):
        model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        model.make_train_function()
        step = watched(model, lambda: [], Observer(), lambda: None)
        step(iter(tf.data.Dataset.from_tensors((x, x[:, :1] + number))))
    assert "retracing" not in caplog.text
