"""Neither model is changed by a comparison, nor what TensorFlow keeps of its functions."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tests.compare.building import convolutional, images, layers, rows, tensors


def state(model):
    """All that a training goes on from."""
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [np.array(variable.value) for variable in variables]


def trained(with_comparison, training):
    keras.utils.set_random_seed(1)
    ours, reference = convolutional(), convolutional()
    reference.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ours.fit(*images(), batch_size=8, verbose=0)
    if with_comparison:
        compare_models(ours, reference, images(), weights="copy", training=training)
    drawn = [random.random(), np.random.random(), float(tf.random.uniform([])), float(keras.random.uniform([]))]
    histories = [model.fit(*images(), batch_size=8, epochs=2, verbose=0).history for model in (ours, reference)]
    return [*state(ours), *state(reference), drawn, *histories]


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
def test_a_training_goes_on_bit_for_bit(training):
    plain, compared = trained(False, training), trained(True, training)
    for one, other in zip(plain, compared, strict=True):
        np.testing.assert_equal(other, one)


def test_attributes_are_as_before():
    model = convolutional()
    before = {id(layer): dict(vars(layer)) for layer in [model, *model.layers]}
    is_built = model._compile_loss.built
    compare_models(model, model, images(), training=True)
    for layer in [model, *model.layers]:
        assert vars(layer).keys() == before[id(layer)].keys()
        assert "call" not in vars(layer)
    assert model._compile_loss.built == is_built
    assert not keras.src.backend.common.stateless_scope.in_stateless_scope()


class Counting(keras.layers.Layer):
    """Counts its calls in a variable that Keras does not know."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0)

    def call(self, x):
        self.calls.assign_add(1)
        return x


def test_variables_past_keras_are_brought_back_also_after_an_error():
    model = keras.Sequential([keras.Input((4,)), Counting(), keras.layers.Dense(1)])
    before = int(model.layers[0].calls)
    compare_models(model, model, np.ones((2, 4), np.float32))
    with pytest.raises(ValueError):
        compare_models(model, model, np.ones((2, 3), np.float32))
    assert int(model.layers[0].calls) == before
    assert "call" not in vars(model.layers[0])


class Traced(layers.Layer):
    """A layer whose `call` is a `tf.function`, which keeps what was traced."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")

    @tf.function
    def call(self, x):
        return tf.nn.softmax(x @ self.kernel)


@tf.function
def product(layer, x):
    return tf.nn.softmax(x @ layer.kernel)


class CallsTraced(Traced):
    def call(self, x):
        return product(self, x)


@pytest.mark.parametrize("kind", [Traced, CallsTraced])
def test_functions_take_the_given_weights_and_keep_none(kind):
    model, (x, y) = keras.Sequential([keras.Input((16,)), kind(name="traced")]), tensors(*rows())
    model.compile("sgd", "sparse_categorical_crossentropy")
    given = {"traced/kernel": np.zeros((16, 5), np.float32)}
    values = run(model, Work(x, y, loss_from=model, weights=given)).values
    np.testing.assert_allclose(values["output", "traced"], 0.2, rtol=1e-6)
    assert np.any(values["of", "traced/kernel"])
    assert not tf.config.functions_run_eagerly()
    with tf.GradientTape() as tape:
        output = model(x)
    np.testing.assert_allclose(output, tf.nn.softmax(x @ model.layers[0].kernel.value), rtol=1e-5)
    assert tape.gradient(output, model.trainable_variables)[0] is not None
