"""A model's answers, each time from one state, and where examples begin to depend on each other."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tb_nnhealth.flight.answers import Answers, deviation, epsilon
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.outset import where_it_begins
from tests.flight.zoo.batch_independence import Sampling

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
KEPT = np.array([True, True, False, False])
OTHER = np.concatenate([X[:2], X[2:] + 1])


def test_seeds_are_put_back():
    answers = Answers(keras.Sequential([keras.Input((3,)), Sampling()]))
    first = answers(X)[0]
    np.testing.assert_array_equal(answers(X)[0], first)
    assert (answers(X, afresh=False)[0] != first).all()


def test_what_cannot_be_called_says_why():
    answers = Answers(keras.Sequential([keras.Input((3,)), layers.Dense(2)]))
    with pytest.raises(NotMeasured, match=r"in inference mode \(ValueError: [^E].*\)$"):
        answers(X[:, :2])


class Centred(layers.Layer):
    """Takes off the batch's mean where nobody says that it is not trained."""

    def call(self, x, training=True):
        return x - ops.mean(x, axis=0) if training else x


class Forgets(keras.Model):
    """Has a `call` that is not told the mode."""

    def __init__(self):
        super().__init__()
        self.centred = Centred()

    def call(self, x):
        return self.centred(x)


def test_inference_is_that_of_predict_also_where_the_model_is_not_told_of_it():
    model = Forgets()
    predicted = model.predict(X, verbose=0)
    assert np.abs(predicted - X).max() > 0.05
    np.testing.assert_allclose(Answers(model)(X)[0], predicted, rtol=1e-6)


def test_precision_is_that_of_the_least_precise_layer():
    half = layers.Dense(2, dtype="mixed_float16")
    assert epsilon(keras.Sequential([keras.Input((3,)), half, layers.Dense(2)])) == 2.0**-10
    assert epsilon(keras.Sequential([keras.Input((3,)), layers.Dense(2)])) == 2.0**-23


def test_deviation_is_over_the_examples():
    assert deviation(np.array([[10.0, 5.0], [12.0, 5.0]])) == pytest.approx(np.sqrt(0.5))
    assert deviation(np.full((2, 2), 3.0)) == 3.0 and deviation(np.zeros((2, 1))) == 1.0


def mixing(name="mixing"):
    return layers.Lambda(lambda v: v - ops.mean(v, axis=0), name=name)


def begins(outputs, inputs):
    model = keras.Model(inputs, outputs)
    return where_it_begins(model, Answers(model), X, OTHER, KEPT)


def test_the_first_layer_that_mixes_is_named():
    inputs = keras.Input((3,))
    hidden = layers.Dense(4, name="before")(inputs)
    assert begins(layers.Dense(2)(mixing()(hidden)), inputs) == {"layer": "mixing"}
    by_no_layer = hidden - ops.mean(hidden, axis=0)
    assert begins(layers.Dense(2, name="after")(by_no_layer), inputs) == {"layer": "after", "is_given": True}
    assert begins(by_no_layer, inputs) == {"layer": "before", "is_after": True}
