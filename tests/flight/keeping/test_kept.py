"""After a `kept` block a training runs to the last bit as if there had been none."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth.flight.keeping import objects
from tb_nnhealth.flight.keeping.kept import build, kept
from tb_nnhealth.flight.reading.sample import read
from tests.instrument.training import arrays, assert_same_bits, state_variables

X = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
Y = np.int32(X[:, 0] > 0)
SERIES = np.random.default_rng(1).normal(size=(16, 5, 3)).astype("float32")
Step = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A model, its data, and what is done with it before and after the block."""

    model: Any
    data: dict[str, Any]
    before: Step = lambda model: None
    after: Step = lambda model: None


class Own(keras.Model):
    """Draws its seeds, and makes a layer, when it is built."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(8, "relu")
        self.noise = layers.Dropout(0.5)
        self.seen: list[int] = []

    def build(self, shape: Any) -> None:
        self.head = layers.Dense(1, "sigmoid", kernel_initializer="he_normal")
        self.scale = self.add_weight(shape=(8,), initializer="uniform")
        super().build(shape)

    def call(self, x: Any, training: bool = False) -> Any:
        self.seen.append(len(self.seen))
        return self.head(self.noise(self.hidden(x), training=training) * self.scale)


BESIDE = np.random.default_rng(7)
SEEDS = keras.random.SeedGenerator(8)


@tf.function
def noise(x: Any) -> Any:
    return x + tf.random.normal(tf.shape(x), stddev=0.1)


def drawn() -> np.float32:
    return np.float32(BESIDE.normal() + np.random.normal())


class Noisy(layers.Layer):
    """Draws from each of the generators that a layer may draw from."""

    def __init__(self) -> None:
        super().__init__()
        self.own = tf.random.Generator.from_seed(3)
        self.numbers = np.random.default_rng(5)

    @tf.function
    def noise(self, x: Any) -> Any:
        return x + tf.random.normal(tf.shape(x), stddev=0.1)

    def call(self, x: Any, training: bool = False) -> Any:
        if not training:
            return x
        x = self.noise(x) + keras.random.normal((6,), stddev=0.1) + self.own.normal([6])
        x += tf.ensure_shape(tf.py_function(lambda: self.numbers.normal() + drawn(), [], tf.float32), [])
        x = noise(x) + keras.random.normal((6,), stddev=0.1, seed=SEEDS)
        return x + tf.random.uniform([6], seed=7) + random.random()


class Batches(keras.utils.PyDataset):
    def __init__(self) -> None:
        super().__init__()
        self.order = np.arange(32)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        rows = self.order[8 * index : 8 * index + 8]
        return X[rows] + np.random.normal(size=(8, 6)).astype("float32"), Y[rows]

    def on_epoch_end(self) -> None:
        np.random.shuffle(self.order)


def compiled(model: Any, optimizer: Any = "adam", loss: str = "binary_crossentropy", **options: Any) -> Any:
    model.compile(optimizer=optimizer, loss=loss, **options)
    return model


def mlp(*front: Any) -> Any:
    return keras.Sequential(
        [layers.Input((6,)), *front, layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(1, "sigmoid")]
    )


def sequential() -> Case:
    model = compiled(mlp(layers.BatchNormalization()), metrics=["accuracy", keras.metrics.AUC()])
    return Case(model, {"x": X, "y": Y, "validation_split": 0.25})


def unbuilt_sequential() -> Case:
    return Case(compiled(keras.Sequential([layers.Dense(8), layers.Dense(1, "sigmoid")])), {"x": X, "y": Y})


def unbuilt() -> Case:
    return Case(compiled(Own(), metrics=["accuracy"]), {"x": X, "y": Y})


def recurrent() -> Case:
    cells = layers.LSTM(4, recurrent_dropout=0.3, stateful=True)
    model = keras.Sequential([layers.Input((5, 3), batch_size=4), cells, layers.Dense(1)])
    return Case(compiled(model, "rmsprop", "mse"), {"x": SERIES, "y": SERIES[:, 0, 0], "batch_size": 4})


def mixed() -> Case:
    policy = keras.DTypePolicy("mixed_float16")
    model = keras.Sequential(
        [layers.Input((6,)), layers.Dense(8, "relu", dtype=policy), layers.Dense(1, "sigmoid", dtype="float32")]
    )
    return Case(compiled(model, keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))), {"x": X, "y": Y})


def averaged() -> Case:
    rate = keras.optimizers.schedules.CosineDecay(1e-2, 10)
    optimizer = keras.optimizers.AdamW(
        rate, use_ema=True, ema_overwrite_frequency=3, gradient_accumulation_steps=2, global_clipnorm=1.0
    )
    return Case(compiled(mlp(), optimizer), {"x": X, "y": Y})


def from_dataset() -> Case:
    noise = tf.random.Generator.from_seed(1)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(32).map(lambda x, y: (x + noise.normal([6]), y)).batch(8)
    return Case(compiled(mlp()), {"x": data})


def from_py_dataset() -> Case:
    return Case(compiled(mlp()), {"x": Batches()})


def augmented() -> Case:
    return Case(compiled(mlp(layers.GaussianNoise(0.1), Noisy())), {"x": X, "y": Y})


def trained_before() -> Case:
    def train(model: Any) -> None:
        model.fit(X, Y, batch_size=8, epochs=1, verbose=0)
        model.evaluate(X, Y, verbose=0)

    return Case(compiled(mlp(Noisy())), {"x": X, "y": Y}, train)


def frozen() -> Case:
    def freeze(model: Any) -> None:
        model.layers[0].trainable = False
        model.compile(model.optimizer, model.loss)

    return Case(compiled(mlp(layers.BatchNormalization())), {"x": X, "y": Y}, after=freeze)


CASES = [
    sequential,
    unbuilt_sequential,
    unbuilt,
    recurrent,
    mixed,
    averaged,
    from_dataset,
    from_py_dataset,
    augmented,
    trained_before,
    frozen,
]


def do_anything(case: Case) -> None:
    """What no probe would do all at once."""
    model, data = case.model, {**case.data, "verbose": 0}
    x, y = (SERIES, SERIES[:, 0, 0]) if isinstance(case.data["x"], np.ndarray) and case.data["x"] is SERIES else (X, Y)
    size = case.data.get("batch_size", 8)
    if isinstance(data["x"], np.ndarray):
        model.fit(**{"batch_size": 8, **data})
    model.evaluate(x, y, batch_size=size, verbose=0)
    model.predict(x, batch_size=size, verbose=0)
    for variable in model.variables:
        if variable.dtype.startswith("float"):
            variable.assign(variable.value + 1)
    for layer in model.layers:
        layer.trainable = False
        layer.call = lambda *args, **kwargs: None
        for name in {"rate", "seed_generator"} & vars(layer).keys():
            setattr(layer, name, None)
    del layer.call
    model.compile(keras.optimizers.SGD(1.0), "mse", metrics=["mae"], run_eagerly=True)
    model.stop_training = True
    keras.random.normal((3,))
    tf.random.normal((3,))
    tf.random.normal((3,), seed=4)
    tf.random.get_global_generator().normal((3,))
    tf.random.set_global_generator(tf.random.Generator.from_seed(9))
    random.random()
    np.random.normal()
    layers.Dense(3)


def outcome(make: Callable[[], Case], is_kept: bool) -> tuple[list[np.ndarray], Any]:
    """Returns all variables after a training, and all that could differ beside them."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    BESIDE.bit_generator.state = np.random.default_rng(7).bit_generator.state
    SEEDS.state.assign([8, 0])
    noise.__dict__.update(vars(noise._clone(None)))  # It shall not know the case before.
    tf.random.set_global_generator(tf.random.Generator.from_seed(2))
    case = make()
    case.before(case.model)
    if is_kept:
        read(case.data["x"] if "y" not in case.data else (case.data["x"], case.data["y"]), case.model)
        with kept(case.model):
            do_anything(case)
    case.after(case.model)
    history = case.model.fit(**{"batch_size": None if "y" not in case.data else 8, **case.data}, epochs=2, verbose=0)
    drawn = [
        random.random(),
        np.random.normal(),
        tf.random.normal((3,)).numpy().tolist(),
        tf.random.normal((3,), seed=4).numpy().tolist(),
        tf.random.get_global_generator().normal((3,)).numpy().tolist(),
        keras.random.normal((3,)).numpy().tolist(),
        layers.Dense(3).name,
        history.history,
        history.params,
        sorted(vars(case.model)),
        [variable.path for variable in case.model.variables],
        [layer.trainable for layer in case.model.layers],
        case.model.stop_training,
    ]
    return arrays(state_variables(case.model)), drawn


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_training_is_the_same(make: Callable[[], Case]) -> None:
    variables, drawn = outcome(make, is_kept=False)
    theirs, also_drawn = outcome(make, is_kept=True)
    assert drawn == also_drawn
    assert_same_bits(theirs, variables)


def weights(model: Any) -> list[np.ndarray]:
    return arrays(model.variables)


def test_blocks_in_blocks() -> None:
    """As a flight does it: the model is built in the outer one, and each probe has an inner one."""
    model = compiled(Own())
    seed = random.getstate()
    with kept(model):
        build(model, X)
        built = weights(model)
        for _ in range(2):
            with kept(model):
                model.fit(X, Y, verbose=0)
                assert any((a != b).any() for a, b in zip(weights(model), built, strict=True))
            assert_same_bits(weights(model), built)
            assert not model.optimizer.built and model.train_function is None
    assert not model.built and not model.trainable_variables and random.getstate() == seed


def test_build_draws_the_weights_that_fit_draws() -> None:
    drawn = []
    for is_built in (False, True):
        keras.utils.set_random_seed(0)
        model = compiled(Own(), keras.optimizers.SGD(0.0))
        if is_built:
            build(model, X)
            drawn.append(arrays(model.trainable_variables))
        model.fit(X, Y, verbose=0)
        drawn.append(arrays(model.trainable_variables))
    assert_same_bits(drawn[1], drawn[0])
    assert_same_bits(drawn[2], drawn[0])


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_whatever_is_raised(error: type[BaseException]) -> None:
    model = compiled(mlp())
    before = weights(model)
    with pytest.raises(error), kept(model):
        model.fit(X, Y, verbose=0)
        raise error
    assert_same_bits(weights(model), before)
    assert not model.optimizer.built


def test_an_interrupt_while_all_is_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    model = compiled(mlp())
    before, numpy = weights(model), np.random.get_state()[1].tolist()
    assign, calls = objects._assign, [0]

    def interrupted(*args: Any) -> None:
        calls[0] += 1
        if calls[0] in (2, 4):
            raise KeyboardInterrupt
        assign(*args)

    monkeypatch.setattr(objects, "_assign", interrupted)
    with pytest.raises(KeyboardInterrupt), kept(model):
        model.fit(X, Y, verbose=0)
        np.random.normal()
    assert_same_bits(weights(model), before)
    assert np.random.get_state()[1].tolist() == numpy


def test_an_error_while_one_is_brought_back_leaves_nothing_else_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(objects.Snapshot):
        def restore(self) -> None:
            raise OSError("no such file")

    monkeypatch.setattr("tb_nnhealth.flight.keeping.kept.Snapshot", Refusing)
    model, before = mlp(), np.random.get_state()[1].tolist()
    with pytest.raises(OSError, match="no such file"), kept(model):
        np.random.normal()
    assert np.random.get_state()[1].tolist() == before


def test_a_model_that_is_not_compiled() -> None:
    model = mlp()
    before = weights(model)
    with kept(model):
        compiled(model).fit(X, Y, verbose=0)
    assert_same_bits(weights(model), before)
    assert not model.compiled and "optimizer" not in vars(model)


@pytest.mark.slow
def test_a_distributed_model() -> None:
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = compiled(mlp(layers.BatchNormalization()))
    before = weights(model)
    with kept(model):
        model.fit(X, Y, verbose=0)
    assert_same_bits(weights(model), before)
