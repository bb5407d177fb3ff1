"""Neither model is changed by a comparison."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tests.compare.building import convolutional, images


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
