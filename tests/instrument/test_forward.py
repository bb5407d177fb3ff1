"""A model is called in the mode in which Keras' own steps call it."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.instrument.forward import data_loss, forward

X = np.ones((64, 4), np.float32)


class Hands(keras.Model):
    """Hands the mode on to its dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.dropout(x, training=training)


class Forgets(Hands):
    """Has a `call` that is not told the mode."""

    def call(self, x):
        return self.dropout(x)


@pytest.mark.filterwarnings("ignore:The model does not have any trainable weights")
@pytest.mark.parametrize("make, drops", [(Hands, True), (Forgets, False)])
def test_dropout_is_on_where_it_is_in_a_step_of_fit(make, drops):
    model = make()
    model.compile("sgd", "mse")
    assert (model.train_on_batch(X, X) > 0) == drops
    assert np.any(forward(model, X, training=True) != X) == drops


@pytest.mark.parametrize("make", [Hands, Forgets])
def test_dropout_is_off_in_inference_mode(make):
    np.testing.assert_array_equal(forward(make(), X, training=False), X)


@pytest.mark.parametrize("training", [True, False])
def test_the_loss_of_the_data_is_that_of_a_step_without_what_is_added(training):
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(), layers.Dense(4, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    before = [np.array(variable) for variable in model.variables]
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    found = float(data_loss(model, (x, X, None), training))
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    added = float(model.losses[0])
    step = model.train_on_batch if training else model.test_on_batch
    assert added > 0 and found == pytest.approx(float(step(x, X)) - added, rel=1e-5)
