"""Weights that the reference holds in another layout, as PyTorch does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tests.compare.building import WIDTH, layers, rows

DEPTH = 3


def square():
    hidden = [layers.Dense(WIDTH, "relu", name=f"dense{index}") for index in range(DEPTH)]
    model = keras.Sequential([keras.Input((WIDTH,)), *hidden, layers.Dense(5, name="head")])
    for layer in model.layers:
        layer.bias.assign(tf.linspace(-0.1, 0.1, layer.units))
    return model


def as_in_pytorch(model, x, factors=()):
    """Returns what a port has recorded: outputs after activations, kernels with their outputs first."""
    recorded = {}
    for index, layer in enumerate(model.layers):
        x = layer(x).numpy() * dict(factors).get(index, 1.0)
        recorded |= {
            f"fc{index}": x,
            f"fc{index}/weight": layer.kernel.numpy().T,
            f"fc{index}/bias": layer.bias.numpy(),
        }
    return recorded


def first(comparison):
    found = comparison.first
    return found and (found.stage, found.ours)


@pytest.mark.parametrize("weights", ["as_is", "copy"])
def test_a_port_with_square_kernels_that_are_transposed(weights):
    reference, x = square(), rows()[0]
    ours = square()
    if weights == "as_is":
        ours.set_weights(reference.get_weights())
    comparison = compare_models(ours, as_in_pytorch(reference, x), x, weights=weights)
    assert comparison.same, str(comparison)
    assert not comparison.unpaired_ours and not comparison.unpaired_reference
    assert comparison.rearranged == tuple(f"fc{index}/weight (transposed)" for index in range(DEPTH + 1))
    assert "Compared in the other model's layout: fc0/weight (transposed), fc1/weight" in str(comparison)


@pytest.mark.parametrize("index", range(DEPTH))
def test_a_small_fault_in_one_of_them_is_named_at_its_place(index):
    ours, x = square(), rows()[0]
    recorded = as_in_pytorch(ours, x)
    kernel = ours.layers[index].kernel
    kernel.assign(kernel.numpy() * 1.001)
    comparison = compare_models(ours, recorded, x)
    assert first(comparison) == ("weights", f"dense{index}/kernel")
    assert comparison.first.relative == pytest.approx(1e-3, rel=1e-2) and not comparison.hint


@pytest.mark.parametrize("index", range(DEPTH))
@pytest.mark.parametrize("weights", ["as_is", "copy"])
def test_a_fault_of_an_output_stays_one_of_the_output(index, weights):
    reference, x = square(), rows()[0]
    ours = square()
    if weights == "as_is":
        ours.set_weights(reference.get_weights())
    comparison = compare_models(ours, as_in_pytorch(reference, x, {index: 1.5}), x, weights=weights)
    assert first(comparison) == ("output", f"dense{index}")


@pytest.mark.parametrize("index", range(DEPTH))
def test_a_transpose_that_was_forgotten_is_told(index):
    ours, x = square(), rows()[0]
    recorded = as_in_pytorch(ours, x)
    kernel = ours.layers[index].kernel
    kernel.assign(tf.transpose(kernel))
    comparison = compare_models(ours, recorded, x)
    assert first(comparison) == ("output", f"dense{index}")
    assert comparison.hint == f"With fc{index}/weight transposed they would agree better."


def test_weights_alone_are_turned_as_their_values_tell():
    ours, x = square(), rows()[0]
    recorded = {name: value for name, value in as_in_pytorch(ours, x).items() if "/" in name}
    assert compare_models(ours, {f"weights/{name}": value for name, value in recorded.items()}, x).same


def test_gradients_of_turned_kernels_are_turned_too():
    ours, (x, y) = square(), rows()
    ours.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with tf.GradientTape() as tape:
        loss = ours.compute_loss(x, y, ours(x))
    gradients = tape.gradient(loss, ours.trainable_weights)
    recorded = as_in_pytorch(ours, x)
    kernels = gradients[::2]
    recorded |= {f"gradient/fc{index}/weight": kernel.numpy().T for index, kernel in enumerate(kernels)}
    assert compare_models(ours, recorded, (x, y)).same
    recorded["gradient/fc1/weight"] = recorded["gradient/fc1/weight"] * 1.01
    assert first(compare_models(ours, recorded, (x, y))) == ("gradient", "dense1/kernel")


def convolution():
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(6, 3, activation="relu", name="conv"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.Conv2DTranspose(4, 3, name="up"),
        ]
    )


def test_kernels_of_convolutions():
    reference, ours = convolution(), convolution()
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype(np.float32)
    recorded, value = {}, x
    turns = {"conv": (3, 2, 0, 1), "depthwise": (2, 3, 0, 1), "up": (3, 2, 0, 1)}
    for layer in reference.layers:
        value = layer(value).numpy()
        kernel, bias = layer.get_weights()
        recorded |= {layer.name: value, f"{layer.name}/weight": kernel.transpose(turns[layer.name])}
        recorded |= {f"{layer.name}/b": bias}
    comparison = compare_models(ours, recorded, x, weights="copy")
    assert comparison.same, str(comparison)
    assert not comparison.unpaired_ours and len(comparison.rearranged) == 3


def recurrent(kind):
    return keras.Sequential(
        [keras.Input((7, 4)), kind(5, return_sequences=True, name="rnn"), layers.Dense(2, name="head")]
    )


def two_biases(model, x, order=(0, 1, 2, 3)):
    """Returns what PyTorch would have recorded of an LSTM or a GRU."""
    kernel, recurrent_kernel, bias, *head = model.get_weights()
    rng = np.random.default_rng(1)
    if bias.ndim == 2:
        first, second = bias
    else:
        second = rng.normal(size=bias.shape).astype(np.float32)
        first = bias - second
    count = kernel.shape[1] // 5

    def gates(value):
        parts = np.split(value, count, axis=-1)
        return np.concatenate([parts[index] for index in order[:count]], axis=-1)

    return {
        "rnn": model.layers[0](x).numpy(),
        "rnn/weight_ih": gates(kernel).T,
        "rnn/weight_hh": gates(recurrent_kernel).T,
        "rnn/bias_ih": gates(first),
        "rnn/bias_hh": gates(second),
        "head": model(x).numpy(),
        "head/weight": head[0].T,
        "head/bias": head[1],
    }


@pytest.mark.parametrize("weights", ["as_is", "copy"])
@pytest.mark.parametrize("kind, order", [(layers.LSTM, (0, 1, 2, 3)), (layers.GRU, (1, 0, 2)), (layers.GRU, (0, 1, 2))])
def test_a_recurrent_layer_with_two_biases(kind, order, weights):
    reference, ours = recurrent(kind), recurrent(kind)
    x = np.random.default_rng(0).normal(size=(6, 7, 4)).astype(np.float32)
    reference.layers[0].cell.bias.assign(np.random.default_rng(5).normal(size=reference.layers[0].cell.bias.shape))
    if weights == "as_is":
        ours.set_weights(reference.get_weights())
    recorded = two_biases(reference, x, order)
    comparison = compare_models(ours, recorded, x, weights=weights)
    assert comparison.same, str(comparison)
    assert not comparison.unpaired_ours and not comparison.unpaired_reference
    assert any("rnn/bias_ih + bias_hh" in told for told in comparison.rearranged)
    recorded["rnn/bias_hh"] = recorded["rnn/bias_hh"] + 0.1
    comparison = compare_models(ours, recorded, x, weights=weights)
    assert first(comparison) == (("weights", "rnn/bias") if weights == "as_is" else ("output", "rnn"))


class TwoBiases(layers.Layer):
    """An LSTM with two biases."""

    def __init__(self, units):
        super().__init__(name="mine")
        self.units = units

    def build(self, shape):
        gates = 4 * self.units
        self.w = self.add_weight(shape=(shape[-1], gates), name="w")
        self.u = self.add_weight(shape=(self.units, gates), name="u")
        self.b, self.c = (self.add_weight(shape=(gates,), initializer="normal", name=name) for name in "bc")

    def call(self, x):
        h = c = tf.zeros((tf.shape(x)[0], self.units))
        outputs = []
        for step in range(x.shape[1]):
            i, f, g, o = tf.split(x[:, step] @ self.w + self.b + h @ self.u + self.c, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
            outputs.append(h)
        return tf.stack(outputs, axis=1)


def test_two_biases_of_ours_beside_one():
    ours = keras.Sequential([keras.Input((7, 4)), TwoBiases(5), layers.Dense(2, name="head")])
    reference = recurrent(layers.LSTM)
    x = np.random.default_rng(0).normal(size=(6, 7, 4)).astype(np.float32)
    reference.compile("sgd", "mean_squared_error")
    batch = (x, np.ones((6, 7, 2), np.float32))
    for one, other in ((ours, reference), (reference, ours)):
        comparison = compare_models(one, other, batch, weights="copy")
        assert comparison.same, str(comparison)
        assert not comparison.unpaired_ours and not comparison.unpaired_reference
        names = {(row.ours, row.reference) for row in comparison.rows if row.stage == "gradient"}
        assert {("mine/b + c", "rnn/bias"), ("rnn/bias", "mine/b + c")} & names
