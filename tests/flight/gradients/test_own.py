"""Whose code layers and losses hold."""

import keras
import tensorflow as tf
from keras import layers

from tb_nnhealth.flight.gradients.own import own_layers, own_losses


class Mine(layers.Layer):
    def call(self, x):
        return x


class Cell(layers.Layer):
    state_size = 3

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 3))

    def call(self, x, states):
        return x @ self.kernel + states[0], [x @ self.kernel]


def test_layers_of_ones_own_and_those_given_a_function():
    made = [
        layers.Dense(3, activation="relu"),
        layers.Dense(3, activation=tf.nn.gelu, name="of_tensorflow"),
        layers.Dense(3, activation=lambda x: x * tf.sigmoid(x), name="given"),
        layers.Reshape((3, 1)),
        layers.RNN(Cell(), name="loop"),
        layers.Lambda(lambda x: 2 * x, name="lambda"),
        Mine(name="mine"),
    ]
    model = keras.Sequential([keras.Input((4,)), *made])
    assert [layer.name for layer in own_layers(model) if layer.name != "cell"] == ["given", "loop", "lambda", "mine"]


def test_quantized_layers_have_a_gradient_by_hand():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="int8"), layers.Dense(3)])
    model.get_layer("int8").quantize("int8")
    assert [layer.name for layer in own_layers(model)] == ["int8"]


def test_losses_of_ones_own():
    def focal(target, answer):
        return tf.reduce_mean(tf.square(target - answer))

    model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    for loss, names in ((focal, ["focal"]), ("mse", []), (keras.losses.Huber(), [])):
        model.compile("sgd", loss)
        model.train_on_batch(tf.ones((2, 4)), tf.ones((2, 3)))
        assert [name for name, _ in own_losses(model)] == names
