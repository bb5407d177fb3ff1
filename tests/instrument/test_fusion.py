"""What TensorFlow computes as one is let be: reading in between would change the training by a bit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument.fusion import intruding, is_rewritten, rewritten
from tests.instrument.training import is_measured_beside


def _outputs(behind: Callable[[tf.Tensor], Any], bias: bool = True) -> tf.Tensor:
    with tf.Graph().as_default():
        product = tf.matmul(tf.ones([2, 3]), tf.ones([3, 4]))
        output = tf.nn.bias_add(product, tf.ones([4])) if bias else product
        behind(output)
    return output


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (tf.tanh, True),
        (tf.sigmoid, True),
        (tf.nn.elu, True),
        (lambda output: tf.tanh(tf.identity(output)), True),
        (lambda output: tf.tanh(tf.identity_n([tf.ones([1]), output])[1]), True),
        (lambda output: tf.tanh(tf.identity_n([tf.ones([1]), output])[0]), False),
        (lambda output: output + tf.ones([2, 4]), True),
        (lambda output: output - tf.ones([2, 4]), False),
        (tf.nn.relu, False),
        (tf.exp, False),
        (lambda output: (tf.tanh(output), tf.exp(output)), False),
    ],
)
def test_what_is_rewritten(behind: Callable[[tf.Tensor], Any], expected: bool) -> None:
    assert is_rewritten(_outputs(behind)) is expected


def test_a_product_without_a_sum_is_fused_with_one_only() -> None:
    assert not is_rewritten(_outputs(tf.tanh, bias=False))
    assert is_rewritten(_outputs(lambda output: output + tf.ones([4]), bias=False))
    assert not is_rewritten(_outputs(lambda output: tf.add_n([output, *[tf.ones([2, 4])] * 2]), bias=False))


def test_chains_of_arithmetic_are_rewritten() -> None:
    with tf.Graph().as_default():
        sum_of_two = tf.exp(tf.ones([3])) + tf.ones([3])
        assert not is_rewritten(sum_of_two)
        tf.add(sum_of_two, tf.ones([3]))
        assert is_rewritten(sum_of_two)
        tf.exp(sum_of_two)
        assert not is_rewritten(sum_of_two)


def test_a_sum_is_rewritten_with_a_product_where_it_may_become_one() -> None:
    with tf.Graph().as_default():
        shifted = tf.exp(tf.ones([3])) + 0.0
        tf.multiply(shifted, tf.ones([3]))
        assert is_rewritten(shifted)
        summed = tf.exp(tf.ones([3])) + tf.exp(tf.zeros([3]))
        tf.multiply(summed, tf.ones([3]))
        assert not is_rewritten(summed)
        factors = [tf.exp(tf.ones([3])) for _ in range(4)]
        shared = factors[0] * factors[1] + factors[2] * factors[0]
        unshared = factors[0] * factors[1] + factors[2] * factors[3]
        tf.multiply(shared, tf.ones([3]))
        tf.multiply(unshared, tf.ones([3]))
        assert (is_rewritten(shared), is_rewritten(unshared)) == (True, False)


def test_what_reads_the_shape_or_reads_the_same_once_more_is_no_other_reader() -> None:
    with tf.Graph().as_default():
        product = tf.exp(tf.ones([3])) * tf.ones([3])
        factor = tf.ones([3])
        for _ in range(2):
            tf.multiply(product, factor)
        tf.shape(product)
        tf.zeros_like(product)
        assert is_rewritten(product)
        tf.multiply(product, tf.ones([3]))
        assert not is_rewritten(product)


def test_several_readers_are_as_one_where_what_they_make_meets_again() -> None:
    assert is_rewritten(_outputs(tf.nn.gelu))
    assert is_rewritten(_outputs(lambda output: output * tf.tanh(tf.nn.softplus(output))))
    assert not is_rewritten(_outputs(lambda output: output - tf.reduce_mean(output)))


def test_what_a_tape_writes_in_vain_reads_nothing() -> None:
    found = {}
    frozen, trained = tf.Variable(tf.ones([3, 4])), tf.Variable(1.0)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            found["output"] = tf.nn.bias_add(tf.matmul(tf.ones([2, 3]), frozen), tf.ones([4]))
            loss = tf.reduce_sum(found["output"] * tf.tanh(tf.nn.softplus(found["output"])) * trained)
        tape.gradient(loss, [frozen, trained])
        trained.assign(loss)

    step.get_concrete_function()
    assert not is_rewritten(found["output"])
    assert rewritten(found.items()) == {"output"}


def test_a_gradient_computed_in_vain_intrudes_where_it_reads_what_is_rewritten() -> None:
    found = {}

    @tf.function(autograph=False)
    def step(activation: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
        x = tf.ones([2, 3])
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = activation(tf.nn.bias_add(tf.matmul(x, tf.ones([3, 4])), tf.ones([4])))
        found["x"] = tape.gradient(loss, x)
        return loss

    step.get_concrete_function(tf.nn.gelu)
    assert intruding(found.items()) == {"x"}
    step.get_concrete_function(tf.nn.relu)
    assert not intruding(found.items())


def test_nothing_is_rewritten_eagerly() -> None:
    assert not is_rewritten(tf.ones([2, 3]))


class Subclassed(keras.Model):
    def __init__(self, linear: layers.Layer, squash: Callable[[Any], Any]) -> None:
        super().__init__()
        self.linear, self.squash, self.flat = linear, squash, layers.Flatten()
        self.out = layers.Dense(10, activation="softmax")

    def call(self, inputs: Any) -> Any:
        return self.out(self.flat(self.squash(self.linear(inputs))))


def _sequential() -> keras.Model:
    parts: list[Any] = [layers.Dense(256), layers.Activation("tanh"), layers.Dense(64), layers.ELU()]
    return keras.Sequential([keras.Input((784,)), *parts, layers.Dense(10, activation="softmax")])


def _functional() -> keras.Model:
    images = keras.Input((784,))
    return keras.Model(images, layers.Dense(10, activation="softmax")(keras.ops.tanh(layers.Dense(256)(images))))


def _convolutional() -> keras.Model:
    return Subclassed(layers.Conv2D(32, 3, padding="same"), layers.ELU())


def _of_functions() -> keras.Model:
    return Subclassed(layers.Dense(256), tf.sigmoid)


def _residual() -> keras.Model:
    """Residual blocks of normalized layers: their sums, and the gradients of their scales, are rewritten."""
    inputs = hidden = keras.Input((784,))
    for _ in range(2):
        branch = layers.ReLU()(layers.BatchNormalization()(layers.Dense(64)(hidden)))
        hidden = layers.Add()([hidden, layers.Dense(784)(branch)])
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(hidden))


def _residual_convolutional() -> keras.Model:
    images = keras.Input((16, 16, 3))
    shortcut = layers.Conv2D(8, 3, padding="same", use_bias=False)(images)
    branch = layers.ReLU()(layers.Add()([layers.BatchNormalization()(shortcut), shortcut]))
    return keras.Model(images, layers.Dense(10, activation="softmax")(layers.Flatten()(branch)))


def _residual_normalized() -> keras.Model:
    """An ordinary residual block: both normalizations are taken into the sum behind them."""
    images = keras.Input((16, 16, 3))
    branch = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(images))
    shortcut = layers.BatchNormalization()(layers.Conv2D(8, 1, use_bias=False)(images))
    joined = layers.ReLU()(layers.Add()([branch, shortcut]))
    return keras.Model(images, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(joined)))


def _before_head(shape: tuple[int, ...], *parts: layers.Layer) -> keras.Model:
    head = [layers.Flatten(), layers.Dense(10, activation="softmax")]
    return keras.Sequential([keras.Input(shape), *parts, *head])


def _frozen() -> keras.Model:
    """Activation functions of several operations, and no gradient that reads what is in between."""
    return _before_head((784,), layers.Dense(64, trainable=False), layers.Activation("gelu"))


def _frozen_blocks() -> keras.Model:
    """The gradient into the first would have the second's computed, which reads what is in between."""
    return _before_head((784,), *(layers.Dense(64, "gelu", trainable=False) for _ in range(2)))


def _frozen_convolutional() -> keras.Model:
    return _before_head((16, 16, 3), layers.Conv2D(8, 3, trainable=False), layers.Activation("mish"))


def _rescaled() -> keras.Model:
    return _before_head((784,), layers.Rescaling(1 / 255), layers.Rescaling(3.0))


def _rescaled_normalized() -> keras.Model:
    return _before_head((16, 16, 3), layers.Rescaling(1 / 255), layers.BatchNormalization(trainable=False))


def _rescaled_gradient() -> keras.Model:
    """The gradient into what is rescaled is a product, and is rescaled by the next."""
    shift = layers.Lambda(lambda x: x - 1.0)
    return _before_head((784,), layers.Dense(16), layers.Rescaling(0.001), layers.Activation("exponential"), shift)


IMAGES = (_convolutional, _residual_convolutional, _residual_normalized, _frozen_convolutional, _rescaled_normalized)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"sampling": 1}, {"sampling": 1000, "guard": True}])
@pytest.mark.parametrize(
    ("make", "rows"),
    [
        (_sequential, 3),
        (_functional, 1),
        (_convolutional, 3),
        (_of_functions, 2),
        (_residual, 9),
        (_residual_convolutional, 5),
        (_residual_normalized, 6),
        (_frozen, 3),
        (_frozen_blocks, 4),
        (_frozen_convolutional, 3),
        (_rescaled, 3),
        (_rescaled_normalized, 3),
        (_rescaled_gradient, 5),
    ],
)
def test_it_is_let_be(make: Callable[[], keras.Model], rows: int, settings: dict[str, Any], tmp_path: Path) -> None:
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9, nesterov=make is _residual_normalized)
    random = np.random.default_rng(0)
    shape = (256, 16, 16, 3) if make in IMAGES else (256, 784)
    x, y = random.random(shape, np.float32), random.integers(0, 10, 256)

    def trained(callbacks: list[Any]) -> list[np.ndarray]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = make()
        model.compile(optimizer.from_config(optimizer.get_config()), "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=64, epochs=2, verbose=0, callbacks=callbacks)
        return model.get_weights()

    callback = HealthCallback(tmp_path, **settings)
    pairs = zip(trained([]), trained([callback]), strict=True)
    assert all(plain.tobytes() == watched.tobytes() for plain, watched in pairs)
    assert not is_measured_beside(callback)  # Else it was the proof that found it out.
    assert len(read_run(tmp_path).activations.rows) == rows
