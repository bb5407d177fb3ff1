"""Layers and losses with a wrong gradient, and those that only look as if they had one."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from demo.training import Training, start_afresh
from tests.flight.zoo import Flight

EXAMPLES = 16
SICK = frozenset({"gradient-check"})
HEALTHY: frozenset[str] = frozenset()


def scaled(function: Callable[[Any], Any], factor: float) -> Callable[[Any], Any]:
    """Returns a function whose gradient is so many times what it should be."""

    @tf.custom_gradient
    def wrong(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, lambda upstream: factor * tape.gradient(y, x, upstream)

    return wrong


class Bent(layers.Layer):
    """Two terms, of which the gradient of one is off by a factor."""

    def __init__(self, factor: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.term = scaled(lambda x: 0.1 * x**3, factor)

    def call(self, x):
        return tf.tanh(x) + self.term(x)


class Gelu(layers.Layer):
    """Its derivative, by hand, lacks the sign of a term."""

    def call(self, x):
        @tf.custom_gradient
        def gelu(x):
            share = tf.sigmoid(1.702 * x)
            return x * share, lambda upstream: upstream * (share - 1.702 * x * share * (1 - share))

        return gelu(x)


class Rounded(layers.Layer):
    def call(self, x):
        return ops.round(4 * x) / 4


class Chosen(layers.Layer):
    """Gives the place of the largest feature, as a number."""

    def call(self, x):
        return tf.one_hot(tf.argmax(x, -1), x.shape[-1])


class Counted(layers.Layer):
    """Casts to whole numbers, to save memory."""

    def call(self, x):
        return tf.cast(tf.cast(10 * x, tf.int32), tf.float32) / 10


class Forgotten(layers.Layer):
    """Stops the gradient on the only way."""

    def call(self, x):
        return ops.tanh(ops.stop_gradient(x))


class Attention(layers.Layer):
    """Its own softmax, whose gradient misses that the scores share a sum."""

    def build(self, shape):
        self.dense = layers.Dense(3 * shape[-1])

    def call(self, x):
        @tf.custom_gradient
        def softmax(scores):
            share = tf.nn.softmax(scores)
            return share, lambda upstream: upstream * share * (1 - share)

        query, key, value = tf.split(self.dense(x), 3, axis=-1)
        return softmax(query @ tf.transpose(key, [0, 2, 1])) @ value


def smooth_error(factor: float) -> Callable[[Any, Any], Any]:
    """Returns a loss whose smaller term's gradient is off by a factor."""
    term = scaled(lambda e: 0.2 * tf.math.log(tf.cosh(e)), factor)
    return lambda target, answer: tf.reduce_mean(tf.square(answer - target) + term(answer - target), -1)


class Hard(keras.losses.Loss):
    """Counts wrong answers."""

    def call(self, target, answer):
        return ops.mean(ops.cast(ops.round(ops.sigmoid(answer)) != target, "float32"), -1)


class Reversal(layers.Layer):
    """A domain's adversary: the gradient comes back with its sign changed, on purpose."""

    def call(self, x):
        return tf.custom_gradient(lambda x: (tf.identity(x), lambda upstream: -0.3 * upstream))(x)


class Codebook(layers.Layer):
    """Takes the nearest of some vectors, with a straight-through gradient and both losses of VQ-VAE."""

    def build(self, shape):
        self.codes = self.add_weight(shape=(12, shape[-1]), initializer="random_normal")

    def call(self, x):
        nearest = tf.argmin(tf.reduce_sum(tf.square(x[:, None] - self.codes), -1), -1)
        found = tf.gather(self.codes, nearest)
        self.add_loss(ops.mean(ops.square(ops.stop_gradient(x) - found)))
        self.add_loss(0.25 * ops.mean(ops.square(x - ops.stop_gradient(found))))
        return x + ops.stop_gradient(found - x)


class Fewer(layers.Layer):
    """Rounds an example to a few values between its largest and smallest, straight through."""

    def call(self, x):
        @tf.custom_gradient
        def rounded(x):
            step = tf.reduce_max(tf.abs(x), axis=-1, keepdims=True) / 8
            return tf.round(x / step) * step, tf.identity

        return rounded(x)


class Between(layers.Layer):
    """Reads a table between its places, which are whole numbers; the gradient by hand is off."""

    def call(self, x):
        @tf.custom_gradient
        def read(x):
            table = tf.sin(tf.range(64, dtype=tf.float32))
            place = tf.floor(4 * x)
            below, above = (tf.gather(table, tf.cast(place + step, tf.int32) % 64) for step in (0, 1))
            return below + (4 * x - place) * (above - below), lambda upstream: 3 * upstream * (above - below)

        return read(x)


class Single(layers.Layer):
    """Works in float32, whatever it is given."""

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="zeros")
        self.half = tf.constant(0.5, tf.float32)

    def call(self, x):
        x = tf.cast(x, tf.float32)
        return x * tf.exp(self.half * self.gain) + tf.sqrt(tf.maximum(x, 0.0) + 1e-6) + tf.abs(x)


class Noisy(layers.Layer):
    def call(self, x, training=False):
        return x * tf.random.normal(tf.shape(x), 1.0, 0.2) if training else x


class Exact(layers.Layer):
    """A gradient by hand that is right, and takes its variable's from `variables`."""

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x):
        @tf.custom_gradient
        def scale(x):
            gain = self.gain.value

            def gradient(upstream, variables=None):
                by_gain = tf.reduce_sum(upstream * x, 0)
                return (upstream * gain, [by_gain]) if variables else upstream * gain

            return x * gain, gradient

        return scale(x)


def focal(target, answer):
    answer = tf.clip_by_value(answer, 1e-7, 1 - 1e-7)
    return -tf.reduce_mean(
        target * (1 - answer) ** 2 * tf.math.log(answer) + (1 - target) * answer**2 * tf.math.log(1 - answer), -1
    )


def _rng() -> np.random.Generator:
    start_afresh()
    return np.random.default_rng(3)


def classes(*middle: Callable[[], layers.Layer], shape: tuple[int, ...] = (6,)) -> Callable[[], Training]:
    """Returns what builds a classifier with some layers in its middle."""

    def build() -> Training:
        random = _rng()
        pool = [layers.GlobalAveragePooling1D()] if len(shape) == 2 else []
        made = [keras.Input(shape), layers.Dense(8), *(make() for make in middle), *pool, layers.Dense(3)]
        model = keras.Sequential(made)
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return Training(
            model, random.normal(size=(EXAMPLES, *shape)).astype("float32"), random.integers(0, 3, EXAMPLES)
        )

    return build


def numbers(loss: Any, activation: str | None = None) -> Callable[[], Training]:
    """Returns what builds a model of three numbers from 0 to 1 with a loss."""

    def build() -> Training:
        random = _rng()
        model = keras.Sequential(
            [keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(3, activation=activation)]
        )
        model.compile("adam", loss() if isinstance(loss, type) else loss)
        inputs = random.normal(size=(EXAMPLES, 6)).astype("float32")
        return Training(model, inputs, random.integers(0, 2, (EXAMPLES, 3)).astype("float32"))

    return build


def quantized(*middle: Callable[[], layers.Layer]) -> Callable[[], Training]:
    """Returns what builds a classifier of three layers with int8 kernels, of which the second learns by LoRA."""

    def build() -> Training:
        training = classes(*middle, lambda: layers.Dense(8, activation="tanh"), lambda: layers.Dense(8))()
        first, second, third = [layer for layer in training.model.layers if isinstance(layer, layers.Dense)][:3]
        first.enable_lora(2)
        second.enable_lora(2)
        for layer in (first, second, third):
            layer.quantize("int8")
        training.model.compile("adam", training.model.loss)
        return training

    return build


def wrong_loss_of_quantized() -> Training:
    training = quantized()()
    training.model.compile("adam", lambda y, answer: smooth_error(1.1)(tf.one_hot(tf.cast(y, tf.int32), 3), answer))
    return training


def images() -> Training:
    """A residual network with batch norm and dropout, in mixed precision."""
    random = _rng()
    policy = keras.DTypePolicy("mixed_float16")
    inputs = keras.Input((12, 12, 2))
    x = layers.Conv2D(8, 3, padding="same", dtype=policy)(inputs)
    for _ in range(2):
        y = layers.ReLU(dtype=policy)(layers.BatchNormalization(dtype=policy)(x))
        x = layers.Add(dtype=policy)([x, layers.Conv2D(8, 3, padding="same", dtype=policy)(layers.Dropout(0.3)(y))])
    model = keras.Model(inputs, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return Training(model, random.normal(size=(EXAMPLES, 12, 12, 2)).astype("float32"), random.integers(0, 3, EXAMPLES))


def recurrent() -> layers.Layer:
    return layers.LSTM(5, return_sequences=True)


FLIGHTS = [
    Flight("term_off_by_a_hundredth", classes(lambda: Bent(1.01)), SICK),
    Flight("term_off_by_a_thousandth", classes(lambda: Bent(1.001)), SICK),
    Flight("term_off_after_dropout", classes(lambda: layers.Dropout(0.3), lambda: Bent(0.99)), SICK),
    Flight("loss_term_off_by_a_hundredth", numbers(smooth_error(1.01)), SICK),
    Flight("wrong_beside_a_penalty", classes(Gelu, lambda: layers.Dense(8, kernel_regularizer="l2")), SICK),
    Flight("own_gelu", classes(Gelu), SICK),
    Flight("own_softmax", classes(Attention, shape=(5, 6)), SICK),
    Flight("rounding", classes(Rounded), SICK),
    Flight("argmax", classes(Chosen), SICK),
    Flight("cast_to_int", classes(Counted), SICK),
    Flight("stop_gradient", classes(Forgotten), SICK),
    Flight("loss_of_rounded_answers", numbers(Hard), SICK),
    Flight("wrong_between_whole_numbers", classes(Between), SICK),
    Flight("wrong_before_quantized_layers", quantized(lambda: Bent(1.1)), SICK),
    Flight("wrong_loss_after_quantized_layers", wrong_loss_of_quantized, SICK),
    Flight("quantized_with_lora", quantized(), HEALTHY),
    Flight("own_rounding_straight_through", classes(Fewer, lambda: layers.Dense(8, activation="tanh")), HEALTHY),
    Flight("term_right", classes(lambda: Bent(1.0)), HEALTHY),
    Flight("gradient_reversal", classes(Reversal), HEALTHY),
    Flight("codebook", classes(Codebook), HEALTHY),
    Flight("float32_inside", classes(lambda: layers.ReLU(), Single), HEALTHY),
    Flight("own_noise", classes(Noisy), HEALTHY),
    Flight("gradient_of_a_variable", classes(Exact), HEALTHY),
    Flight(
        "batch_norm_and_masks",
        classes(layers.BatchNormalization, lambda: layers.LSTM(5, return_sequences=True), shape=(7, 4)),
        HEALTHY,
    ),
    Flight("focal", numbers(focal, "sigmoid"), HEALTHY),
    Flight("mixed_residual", images, HEALTHY),
]
