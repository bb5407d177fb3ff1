"""What is recorded of a run, against Keras and a plain tape."""

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.compare.noise import Noise
from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tests.compare.building import dense, layers, rows, tensors


def test_values_are_those_of_a_plain_tape():
    model, (x, y) = dense(kind=lambda *args: layers.Dense(*args, kernel_regularizer="l2")), rows()
    weights = np.linspace(0, 2, 32, dtype=np.float32)
    values = run(model, Work(*tensors(x, y, weights), loss_from=model)).values
    with tf.GradientTape() as tape:
        hidden = model.layers[1](model.layers[0](x))
        tape.watch(hidden)
        prediction = model.layers[3](model.layers[2](hidden))
        loss = model.compute_loss(x, y, prediction, weights)
    second, kernel = model.layers[1].name, model.layers[0].kernel
    into, of = tape.gradient(loss, [hidden, kernel])
    expected = {
        ("output", second): hidden,
        ("prediction", "prediction"): prediction,
        ("loss", "loss"): loss,
        ("loss/regularization",): sum(model.losses),
        ("into", second): into,
        ("of", f"{model.layers[0].name}/kernel"): of,
        ("weights", f"{model.layers[0].name}/kernel"): kernel,
    }
    for key, value in expected.items():
        key = key if len(key) == 2 else ("loss", *key)
        np.testing.assert_allclose(values[key], tf.convert_to_tensor(value), rtol=1e-5, atol=1e-7)


def test_given_weights_are_used_and_not_kept():
    model, (x, _) = dense(), rows()
    name, before = f"{model.layers[0].name}/kernel", model.get_weights()[0]
    values = run(model, Work(*tensors(x), weights={name: np.zeros((16, 16))})).values
    assert not np.any(values["output", model.layers[0].name]) and not np.any(values["weights", name])
    np.testing.assert_array_equal(model.get_weights()[0], before)


def test_random_errors_move_what_follows_a_little():
    model, (x, y) = dense(), rows()
    work = Work(*tensors(x, y), loss_from=model)
    plain, moved, again = run(model, work).values, *(run(model, work, Noise(2.0**-24, 3)).values for _ in range(2))
    for key, value in plain.items():
        np.testing.assert_array_equal(moved[key], again[key])
        if key[0] != "weights":
            np.testing.assert_allclose(moved[key], value, rtol=1e-3, atol=1e-5)
        if value.ndim and key[0] != "weights":  # A mean may happen to be the same.
            assert np.any(moved[key] != value), key


class Forgets(keras.Model):
    """Has a `call` that is not told the mode, so that `fit` never turns its dropout on."""

    def __init__(self):
        super().__init__()
        self.dropout = layers.Dropout(0.5)

    def call(self, x):
        return self.dropout(x)


def test_training_mode_is_that_of_fit_also_where_the_model_is_not_told_of_it():
    model, (x, _) = Forgets(), rows()
    model(x)
    values = run(model, Work(*tensors(x), training=True)).values
    np.testing.assert_array_equal(values["prediction", "prediction"], x)


class Tied(layers.Layer):
    """Holds the kernel of another layer."""

    def __init__(self, other):
        super().__init__()
        self.kernel = other.kernel

    def call(self, x):
        return x @ tf.transpose(self.kernel)


def test_a_weight_that_two_layers_hold_has_one_name():
    first = layers.Dense(8, use_bias=False, name="first")
    first.build((None, 16))
    model = keras.Sequential([keras.Input((16,)), first, Tied(first)])
    assert run(model, Work(*tensors(rows()[0]))).weights() == ["first/kernel"]
