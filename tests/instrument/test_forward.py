"""A model is called in the mode in which Keras' own steps call it."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.instrument.forward import forward

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


@pytest.mark.parametrize("make, drops", [(Hands, True), (Forgets, False)])
def test_dropout_is_on_where_it_is_in_a_step_of_fit(make, drops):
    model = make()
    model.compile("sgd", "mse")
    assert (model.train_on_batch(X, X) > 0) == drops
    assert np.any(forward(model, X, training=True) != X) == drops


@pytest.mark.parametrize("make", [Hands, Forgets])
def test_dropout_is_off_in_inference_mode(make):
    np.testing.assert_array_equal(forward(make(), X, training=False), X)
