"""Models and losses in which an axis goes astray, and those that only look so."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from demo.training import Training, start_afresh
from tests.flight.zoo import Flight

EXAMPLES = 64
SICK = frozenset({"dimension-probe"})
HEALTHY: frozenset[str] = frozenset()


class Squared(keras.losses.Loss):
    """Compares targets with answers as they are."""

    def call(self, target, answer):
        return tf.square(answer - target)


class Averaged(keras.losses.Loss):
    """The same, to one number."""

    def call(self, target, answer):
        return tf.reduce_mean(tf.abs(target - answer))


class Correlated(keras.losses.Loss):
    """1 - the correlation over the batch: no mean over its examples."""

    def call(self, target, answer):
        target, answer = (values - ops.mean(values) for values in (target, ops.reshape(answer, ops.shape(target))))
        return 1 - ops.sum(target * answer) / ops.sqrt(1e-9 + ops.sum(target**2) * ops.sum(answer**2))


class Pairs(keras.losses.Loss):
    """A loss over the pairs of a batch, on purpose."""

    def call(self, target, answer):
        alike = ops.cast(ops.equal(target, ops.transpose(target)), "float32")
        apart = ops.sum(ops.square(answer[:, None] - answer[None]), -1)
        return ops.mean(alike * apart + (1 - alike) * ops.relu(1 - apart), -1)


class TimeFirst(keras.losses.Loss):
    """Squares of each target with each step, `[steps, n, targets]`: the batch is kept apart."""

    def call(self, target, answer):
        return tf.reduce_mean(tf.square(target - tf.transpose(answer, (1, 0, 2))), (0, 2))


def quantiles(target, answer):
    """Pinball loss of three quantiles of one target."""
    error = target - answer
    level = tf.constant([0.1, 0.5, 0.9])
    return tf.reduce_mean(tf.maximum(level * error, (level - 1) * error), -1)


def _random() -> np.random.Generator:
    start_afresh()
    return np.random.default_rng(5)


def one_number(
    loss: Any, target: tuple[int, ...] = (1,), last: Callable[[], Any] = lambda: layers.Dense(1)
) -> Callable[[], Training]:
    """Returns what builds a regression of one number with a loss and targets `[n, *target]`."""

    def build() -> Training:
        random = _random()
        model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu"), last()])
        model.compile("adam", loss() if isinstance(loss, type) else loss)
        inputs = random.normal(size=(EXAMPLES, 6)).astype("float32")
        return Training(model, inputs, random.integers(0, 2, (EXAMPLES, *target)).astype("float32"))

    return build


def series(
    function: Callable[[Any], Any], length: int | None = 10, target: tuple[int, ...] = (), batch: int | None = None
) -> Callable[[], Training]:
    """Returns what builds a model of series of 10 steps and 4 features, with a function before its last layer."""

    def build() -> Training:
        random = _random()
        inputs = keras.Input(batch_shape=(batch, length, 4))
        model = keras.Model(inputs, layers.Dense(3)(layers.Lambda(function, name="shaped")(inputs)))
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        x = random.normal(size=(EXAMPLES, 10, 4)).astype("float32")
        return Training(model, x, random.integers(0, 3, (EXAMPLES, *target)))

    return build


def stateful() -> Training:
    random = _random()
    model = keras.Sequential([keras.Input(batch_shape=(32, 10, 4)), layers.GRU(5, stateful=True), layers.Dense(1)])
    model.compile("adam", "mse")
    inputs = random.normal(size=(EXAMPLES, 10, 4)).astype("float32")
    return Training(model, inputs, random.normal(size=(EXAMPLES, 1)).astype("float32"))


def two_outputs() -> Training:
    """Tokens of any length in, one class for each and one number for all out."""
    random = _random()
    inputs = keras.Input((None,), dtype="int32")
    x = layers.LSTM(6, return_sequences=True)(layers.Embedding(20, 5, mask_zero=True)(inputs))
    each = layers.Dense(4, activation="softmax", name="each")(x)
    whole = layers.Dense(1, name="whole")(layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, {"each": each, "whole": whole})
    model.compile("adam", {"each": "sparse_categorical_crossentropy", "whole": "mse"})
    targets = {"each": random.integers(0, 4, (EXAMPLES, 24)), "whole": random.normal(size=EXAMPLES).astype("float32")}
    return Training(model, random.integers(0, 20, (EXAMPLES, 24)).astype("int32"), targets)


def letters() -> Training:
    """Keras' CTC lays time and labels out against each other: of 12 steps, words of 3 letters."""
    random = _random()
    model = keras.Sequential([keras.Input((12, 5)), layers.Conv1D(16, 3, padding="same"), layers.Dense(6)])
    model.compile("adam", keras.losses.CTC())
    inputs = random.normal(size=(EXAMPLES, 12, 5)).astype("float32")
    return Training(model, inputs, random.integers(1, 6, (EXAMPLES, 3)))


def steps_against_targets() -> Training:
    random = _random()
    model = keras.Sequential([keras.Input((12, 5)), layers.Dense(1)])
    model.compile("adam", TimeFirst())
    inputs = random.normal(size=(EXAMPLES, 12, 5)).astype("float32")
    return Training(model, inputs, random.normal(size=(EXAMPLES, 3)).astype("float32"))


FLIGHTS = [
    Flight("loss_of_all_pairs", one_number(Squared, target=()), SICK),
    Flight("mean_of_all_pairs", one_number(Averaged, target=()), SICK),
    Flight("targets_wider_than_answers", one_number("mse", target=(3,)), SICK),
    Flight("steps_meet_one", one_number("mse", (3, 1), lambda: layers.Reshape((1, 8))), SICK),
    Flight("steps_mixed_with_examples", series(lambda x: tf.reshape(x, (-1, 4)), target=(10,)), SICK),
    Flight("batch_and_steps_swapped", series(lambda x: tf.transpose(x, (1, 0, 2)), target=(10,)), SICK),
    Flight("batch_size_written_down", series(lambda x: tf.reshape(x, (32, 40))), SICK),
    Flight("squeezed", series(lambda x: tf.ensure_shape(tf.squeeze(x[:, :1]), (None, 4))), SICK),
    Flight(
        "all_pairs_beside_a_penalty", one_number(Squared, (), lambda: layers.Dense(1, kernel_regularizer="l2")), SICK
    ),
    Flight("targets_flat", one_number("mse", target=()), HEALTHY),
    Flight("targets_flat_in_own_function", one_number(lambda t, p: tf.square(t - p), target=()), HEALTHY),
    Flight("pairs_on_purpose", one_number(Pairs, target=(1,), last=lambda: layers.Dense(4)), HEALTHY),
    Flight("correlation", one_number(Correlated, target=(1,)), HEALTHY),
    Flight("quantiles", one_number(quantiles, target=(1,), last=lambda: layers.Dense(3)), HEALTHY),
    Flight("steps_laid_out", series(lambda x: tf.reshape(x, (-1, 40))), HEALTHY),
    Flight("stateful", stateful, HEALTHY),
    Flight("two_outputs", two_outputs, HEALTHY),
    Flight("letters", letters, HEALTHY),
    Flight("steps_against_targets", steps_against_targets, HEALTHY),
]
