"""The losses of a run, against Keras."""

import keras
import numpy as np
import pytest

from tb_nnhealth import compare_models
from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tests.compare.building import layers, rows, tensors


def test_the_loss_counts_what_a_mask_leaves():
    model = keras.Sequential(
        [keras.Input((6,)), layers.Embedding(10, 4, mask_zero=True), layers.LSTM(3, return_sequences=True)]
    )
    model.compile("sgd", "mean_squared_error")
    x, y = np.array([[1, 2, 3, 0, 0, 0], [4, 5, 0, 0, 0, 0]]), np.ones((2, 6, 3), np.float32)
    values = run(model, Work(*tensors(x, y), loss_from=model)).values
    assert values["loss", "loss"] == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    assert np.any(values["into", "prediction"][0, :3]) and not np.any(values["into", "prediction"][0, 3:])


class Adds(layers.Layer):
    """Hands on what it is given, and adds to the loss."""

    def call(self, x):
        self.add_loss(0.1 * keras.ops.mean(keras.ops.square(x)))
        return x


class WithPenalty(keras.Model):
    """Has a loss of its own, which takes what the layers add."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight)


def penalized(kind=keras.Model, compiled=False, adds=True, **options):
    inputs = keras.Input((16,))
    hidden = layers.Dense(8, "relu", **options)(inputs)
    model = kind(inputs, layers.Dense(5, "softmax")(Adds()(hidden) if adds else hidden))
    if compiled:
        model.compile("sgd", "sparse_categorical_crossentropy")
    return model


PENALTIES = {"kernel_regularizer": "l2", "activity_regularizer": "l1"}


@pytest.mark.parametrize("kind", [keras.Model, WithPenalty])
def test_an_uncompiled_model_is_given_the_others_loss_and_adds_its_own(kind):
    one, other = penalized(kind, compiled=True, **PENALTIES), penalized(**PENALTIES)
    for ours, reference in ((one, other), (other, one)):
        comparison = compare_models(ours, reference, rows(), weights="copy")
        assert comparison.same, str(comparison)
        assert {row.ours for row in comparison.rows if row.stage == "loss"} == {"loss", "loss/regularization"}


@pytest.mark.parametrize("wrong", [{"kernel_regularizer": None}, {"activity_regularizer": None}, {"adds": False}])
def test_what_an_uncompiled_model_does_not_add_is_named(wrong):
    compiled, bare = penalized(compiled=True, **PENALTIES), penalized(**{**PENALTIES, **wrong})
    for ours, reference in ((compiled, bare), (bare, compiled)):
        found = compare_models(ours, reference, rows(), weights="copy").first
        assert (found.stage, found.ours) == ("loss", "loss/regularization")


def test_regularization_keeps_the_digits_of_float64():
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        ours, reference = (
            penalized(compiled=True, kernel_regularizer=lambda w, rate=rate: rate * keras.ops.sum(w * w))
            for rate in (0.01, 0.01 + 1e-11)
        )
        comparison = compare_models(ours, reference, rows(), weights="copy")
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])
    assert comparison.first.ours == "loss/regularization"


class TellsClasses(keras.Model):
    """Gives classes and no probabilities; its loss is of its layer's output, by a factor."""

    def __init__(self, factor):
        super().__init__()
        self.dense, self.factor = layers.Dense(5), factor

    def call(self, x):
        self.told = self.dense(x)
        return keras.ops.argmax(self.told, axis=-1)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.factor * keras.ops.mean(keras.ops.square(self.told))


def test_a_loss_of_a_model_without_a_float_prediction():
    ours, reference = TellsClasses(32.0), TellsClasses(1.0)
    for model in (ours, reference):
        model(rows()[0])
    comparison = compare_models(ours, reference, rows(), weights="copy")
    assert (comparison.first.stage, comparison.first.ours) == ("loss", "loss")
    assert "Ours is 32 times as large, as many as there are examples" in comparison.hint
