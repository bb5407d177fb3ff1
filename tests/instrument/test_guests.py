"""What people's own code does around and inside the measured step is left as it is."""

import copy
import gc
import inspect
import os
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, HealthWarning, read_run
from tb_nnhealth.reader import LogError
from tests.instrument.training import assert_same_bits, unwarned
from tests.instrument.zoo import flat, mlp, numbers

pytestmark = pytest.mark.slow


class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        raise KeyboardInterrupt


def trained(make: Callable[[], keras.Model], epochs: int, *callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
    """Returns the weights of a model after a training with these callbacks."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = make()
    model.fit(flat(), numbers(), batch_size=4, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return list(model.get_weights())


def asserting(x: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.debugging.assert_less(x, 100.0)]):
        return tf.identity(x)


@pytest.mark.parametrize("settings", [{}, {"sampling": 1}])
def test_an_error_of_the_model_itself_is_raised(settings: dict[str, Any], tmp_path: Path) -> None:
    x, y = flat(64), numbers(64)
    x[40] = 1000.0
    model = keras.Sequential([keras.Input(x.shape[1:]), layers.Lambda(asserting), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(tf.errors.InvalidArgumentError):
        model.fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[HealthCallback(tmp_path, **settings)])
    assert read_run(tmp_path).steps == 5


class OwnLossForm(keras.Model):
    """A model whose `compute_loss` takes what its own `train_step` gives it."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(6)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def compute_loss(self, data: Any) -> Any:
        return tf.reduce_mean(tf.square(self(data, training=True) - data))

    def train_step(self, data: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            loss = self.compute_loss(data)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_loss_computation_of_another_form(run_eagerly: bool, tmp_path: Path) -> None:
    model = OwnLossForm()
    model.compile("sgd", run_eagerly=run_eagerly)
    with unwarned("HealthCallback could not"):
        model.fit(flat(64), epochs=2, batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert run.samples == 16 and np.isfinite(run.step.series("loss", "step")).all()


class Plain(keras.Model):
    """Layers made in `__init__`, built in the first step."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(8, activation="relu")
        self.head = layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.head(self.hidden(inputs))


def test_layers_that_are_built_in_the_first_step_have_their_rows(tmp_path: Path) -> None:
    model = Plain()
    model.compile("sgd", "mse")
    model.fit(flat(64), numbers(64), batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert run.activations.rows == tuple(layer.path for layer in model.layers)
    assert [layer.rows for layer in run.model.layers] == [(layer.path,) for layer in model.layers]
    assert np.isfinite(run.activations.series("activation_rms")).all()


def test_a_recompile_does_not_make_trained_weights_initial(tmp_path: Path) -> None:
    model, health = mlp(), HealthCallback(tmp_path)
    untrained = [float(np.linalg.norm(v)) for v in model.trainable_variables if len(v.shape) > 1]
    for _ in range(2):
        model.compile("sgd", "mse")
        model.fit(flat(64), numbers(64), verbose=0, callbacks=[health])
    told = [v.initial["norm"] for v in read_run(tmp_path).model.variables if v.initial]
    assert told == pytest.approx(untrained)


def test_a_step_of_ones_own_after_an_interrupted_fit_is_not_measured(tmp_path: Path) -> None:
    model, x, y = mlp(), flat(64), numbers(64)
    model.compile("sgd", "mse")
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1), Interrupt()])
    for _ in range(3):
        model.train_on_batch(x, y)
    assert int(model.optimizer.iterations.numpy()) == 4
    assert read_run(tmp_path).step.steps.tolist() == [0]
    model.fit(x, y, verbose=0)
    assert type(model.train_function).__name__ != "Session"
    assert read_run(tmp_path).step.steps.tolist() == [0]


def test_one_history_in_several_fits_is_several_fits(tmp_path: Path) -> None:
    model, x, y, history = mlp(), flat(64), numbers(64), keras.callbacks.History()
    model.compile("sgd", "mse")
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, verbose=0, callbacks=[history, HealthCallback(tmp_path / "one", sampling=1), Interrupt()])
    model.fit(x, y, verbose=0, callbacks=[history])
    assert type(model.train_function).__name__ != "Session"
    with unwarned("HealthCallback"):
        model.fit(x, y, epochs=2, verbose=0, callbacks=[history, HealthCallback(tmp_path / "two", sampling=1)])
    assert read_run(tmp_path / "one").step.steps.tolist() == [0]
    assert read_run(tmp_path / "two").samples == 4


def test_a_callback_list_without_fit_goes_on_and_is_told_that_it_is_not_measured(tmp_path: Path) -> None:
    model, x, y = mlp(), flat(64), numbers(64)
    model.compile("sgd", "mse")
    callbacks = keras.callbacks.CallbackList([HealthCallback(tmp_path, guard=False)], model=model, epochs=1, steps=3)
    callbacks.on_train_begin()
    with pytest.warns(HealthWarning, match="Received: a model that has none, as in a loop of one's own"):
        callbacks.on_epoch_begin(0)
    for _ in range(3):
        model.train_on_batch(x, y)
    callbacks.on_epoch_end(0)
    callbacks.on_train_end()
    assert int(model.optimizer.iterations.numpy()) == 3


def test_a_loop_with_keras_step_function_is_measured_without_being_told_its_length(tmp_path: Path) -> None:
    model = mlp()
    model.compile("sgd", "mse")
    model.make_train_function()
    callbacks = keras.callbacks.CallbackList([HealthCallback(tmp_path, sampling=1)], model=model, add_history=True)
    with unwarned("HealthCallback could not"):
        callbacks.on_train_begin()
        for epoch in range(2):
            callbacks.on_epoch_begin(epoch)
            batches = iter(tf.data.Dataset.from_tensor_slices((flat(), numbers())).batch(4))
            for _ in range(6):
                model.train_function(batches)
            callbacks.on_epoch_end(epoch)
        callbacks.on_train_end()
    assert read_run(tmp_path).samples == 12


def test_it_can_be_pickled(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(HealthCallback(tmp_path, sampling=3))).settings.sampling == 3


def copied_shallowly(health: HealthCallback) -> HealthCallback:
    return copy.copy(health)


def copied_deeply(health: HealthCallback) -> HealthCallback:
    return copy.deepcopy(health)


def pickled(health: HealthCallback) -> HealthCallback:
    return pickle.loads(pickle.dumps(health))


@pytest.mark.parametrize("make", [copied_shallowly, copied_deeply, pickled])
def test_a_copy_has_the_settings_and_has_measured_nothing(make: Callable[..., Any], tmp_path: Path) -> None:
    model, x, y = mlp(), flat(64), numbers(64)
    model.compile("sgd", "mse")
    given: dict[str, Any] = {"sampling": 1, "limits": {"dead-units": {"warning": 0.6}}}
    health = HealthCallback(tmp_path, **given)
    model.fit(x, y, verbose=0, callbacks=[health])
    copied = make(health)
    assert copied.settings == health.settings
    with pytest.raises(LogError, match="which has measured nothing yet"):
        _ = copied.scorecard
    assert copied.__dict__.keys() == health.__dict__.keys()
    assert (copied.model, copied.params) == (None, {}) and health.model is model, "it is of no model yet"
    assert len(pickle.dumps(health)) == len(pickle.dumps(HealthCallback(tmp_path, **given)))
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0, callbacks=[copied])
    assert copied.scorecard.training["steps"] == 2


def test_variables_with_one_path_are_all_measured(tmp_path: Path) -> None:
    inner, code, outer = keras.Input((6,)), keras.Input((4,)), keras.Input((6,))
    encoder = keras.Model(inner, layers.Dense(4, name="hidden")(inner), name="enc")
    decoder = keras.Model(code, layers.Dense(6, name="hidden")(code), name="dec")
    model = keras.Model(outer, decoder(encoder(outer)))
    model.compile("sgd", "mse")
    x = flat(64)
    model.fit(x, x, batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    rows = tuple(f"{part}/hidden/{role}" for part in ("enc", "dec") for role in ("kernel", "bias"))
    assert run.variables.rows == rows == tuple(v.path for v in run.model.variables)
    before = run.variables.series("value_norm")[-1][::2]
    assert before == pytest.approx([np.linalg.norm(v) for v in model.trainable_variables[::2]], rel=0.1)


class Asked(keras.layers.Layer):
    def call(self, x: Any, scale: float = 1.0) -> Any:
        return x * scale


class Asking(keras.Model):
    """Looks at the signature of its layer's method; its step prints, and so cannot be taken back and proven."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.dense = Asked(), keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        scaled = self.asked(x, scale=3.0) if "scale" in inspect.signature(self.asked.call).parameters else self.asked(x)
        return self.dense(scaled)

    def train_step(self, data: Any) -> Any:
        tf.print("", end="", output_stream=f"file://{os.devnull}")
        return super().train_step(data)


class GivenTheLoss(keras.optimizers.SGD):
    def apply(self, grads: Any, trainable_variables: Any = None, loss: Any = None) -> Any:
        return super().apply([gradient * loss for gradient in grads], trainable_variables)


class GivingTheLoss(keras.Sequential):
    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables, loss=loss)
        return {"loss": loss}


@pytest.mark.parametrize(
    ("make", "optimizer"),
    [(Asking, keras.optimizers.SGD), (lambda: GivingTheLoss([keras.layers.Dense(1)]), GivenTheLoss)],
    ids=["of a layer", "of an optimizer"],
)
def test_methods_keep_their_signatures(make: Any, optimizer: Any, tmp_path: Path) -> None:
    def compiled() -> keras.Model:
        model = make()
        model.compile(optimizer(0.01), "mse")
        return model

    with unwarned("HealthCallback could not"):
        ours = trained(compiled, 2, HealthCallback(tmp_path, sampling=2))
    assert_same_bits(ours, trained(compiled, 2))
    assert read_run(tmp_path).samples == 6


def test_nothing_keeps_a_model_that_nobody_needs(tmp_path: Path) -> None:
    def trained() -> Any:
        model = keras.Sequential([keras.Input((6,)), layers.Dense(5, "relu"), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
        return weakref.ref(model)

    models = [trained(), trained()]
    keras.backend.clear_session()
    gc.collect()
    assert [model() for model in models] == [None, None]


class Branching(keras.Model):
    """Takes a branch of which TensorFlow computes a part as one, long after what the proof sees."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = tf.Variable(0, trainable=False)
        self.first, self.second, self.head = layers.Dense(6, "relu"), layers.Dense(6), layers.Dense(1)
        self.squash = layers.Activation("tanh")

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.steps.assign_add(1)
        hidden = self.first(x)
        return self.head(tf.cond(self.steps < 11, lambda: hidden, lambda: self.squash(self.second(hidden))))


class Wide(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return tf.tile(x, [1, tf.shape(x)[0]])


@pytest.mark.parametrize("settings", [{}, {"sampling": 1}])
def test_a_branch_that_is_taken_late(settings: dict[str, Any], tmp_path: Path) -> None:
    def compiled() -> keras.Model:
        model = Branching()
        model.compile("adam", "mse", jit_compile=False)
        return model

    with unwarned("HealthCallback"):
        ours = trained(compiled, 5, HealthCallback(tmp_path, **settings))
    assert_same_bits(ours, trained(compiled, 5))


def test_an_eager_step_that_cannot_be_packed_repeats_no_sample(tmp_path: Path) -> None:
    model = keras.Sequential([Wide(), layers.Lambda(lambda x: tf.reduce_mean(x, -1, keepdims=True)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    health = HealthCallback(tmp_path, sampling=1)
    model.fit(flat(8), numbers(8), batch_size=4, verbose=0, callbacks=[health])
    with pytest.warns(HealthWarning, match="could not measure the step"):
        model.fit(flat(9), numbers(9), batch_size=3, verbose=0, callbacks=[health])
    loss = read_run(tmp_path).step.series("loss", "step")
    assert np.isfinite(loss[:2]).all() and not np.isfinite(loss[2:]).any()


def test_quantized_layers_are_measured(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(5, name="one"), layers.Dense(1, name="two")])
    model.get_layer("one").quantize("int8")
    model.get_layer("one").enable_lora(2)
    model.compile("sgd", "mse")
    model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    assert {row.rpartition("/")[2] for row in read_run(tmp_path).activations.rows} == {"one", "two"}


@pytest.mark.skipif(not hasattr(keras.optimizers, "MultiOptimizer"), reason="needs a Keras that has it")
def test_several_optimizers_as_one(tmp_path: Path) -> None:
    from keras.src.optimizers.multi_optimizer import OptimizerMap

    model = mlp()
    both = OptimizerMap(keras.optimizers.Adam(), {".*head.*": keras.optimizers.SGD()})
    model.compile(keras.optimizers.MultiOptimizer(both), "mse")
    with unwarned("HealthCallback could not"):
        model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    assert np.isfinite(read_run(tmp_path).variables.series("update_norm")).all()


class Raw(keras.Model):
    """Has weights, and no layers."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = self.add_weight(shape=(6, 1), initializer="ones", name="kernel")
        self.built = True

    def call(self, x: Any) -> Any:
        return x @ self.kernel


def test_a_model_without_layers_is_measured(tmp_path: Path) -> None:
    model = Raw()
    model.compile("adam", "mse")
    with unwarned("HealthCallback could not"):
        model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert run.samples == 6 and np.isfinite(run.variables.series("gradient_norm")).all()


class Compiled(keras.Model):
    """Has models within it that are compiled themselves, and a step of its own that uses their optimizers."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [mlp(), mlp()]
        for part in self.parts:
            part.compile("adam", "mse")

    def call(self, x: Any) -> Any:
        return self.parts[0](x)

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        for part in self.parts:
            with tf.GradientTape() as tape:
                loss = keras.ops.mean((part(x, training=True) - y) ** 2)
            weights = part.trainable_variables
            part.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


def test_optimizers_of_models_within_are_measured(tmp_path: Path) -> None:
    def compiled() -> keras.Model:
        model = Compiled()
        model.compile()
        return model

    ours = trained(compiled, 2, HealthCallback(tmp_path, sampling=1))
    assert_same_bits(ours, trained(compiled, 2))
    run = read_run(tmp_path)
    assert len(run.variables.rows) == 8 and np.isfinite(run.variables.series("gradient_norm")).all()


def test_a_step_that_asks_for_no_loss_shows_its_batch(tmp_path: Path) -> None:
    model = Compiled()
    model.compile()
    model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert [(tensor.stage, tensor.shape) for tensor in run.model.batch] == [("input", (4, 6)), ("target", (4, 1))]
    assert (run.data.rows, run.model.batch[0].name) == (("input/0", "target/0"), "0")


class Late(keras.Model):
    def build(self, shape: Any) -> None:
        self.one, self.two = layers.Dense(4), layers.Dense(1)
        self.built = True

    def call(self, x: Any) -> Any:
        return self.two(self.one(x))


def test_layers_made_late_under_xla_are_guarded(tmp_path: Path) -> None:
    model = Late()
    model.compile("adam", "mse", jit_compile=True)
    x = flat()
    x[22] = np.nan
    with unwarned("HealthCallback could not"):
        model.fit(x, numbers(), batch_size=4, shuffle=False, verbose=0, callbacks=[HealthCallback(tmp_path)])
    found = read_run(tmp_path).nonfinite
    assert found is not None and found.step == 5 and found.places[0].stage == "input"


@pytest.mark.parametrize("held", [lambda inner: inner, lambda inner: [inner]], ids=["as it is", "in a list"])
def test_an_optimizer_within_another_is_no_second_one(held: Any, tmp_path: Path) -> None:
    model = mlp()
    inner = keras.optimizers.SGD(0.01)
    model.base = held(inner)
    model.compile(keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0), "mse")
    model.fit(flat(), numbers(), batch_size=4, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    run = read_run(tmp_path)
    assert np.isfinite(run.variables.series("gradient_norm")).all() and len(run.variables.rows) == 4
