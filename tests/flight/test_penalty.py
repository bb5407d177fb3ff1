"""How hard penalties pull at the weights before a training, and what a preflight says of it."""

import math

import keras
import numpy as np
import pytest
from keras import layers, regularizers

from demo.training import Training
from tb_nnhealth import preflight
from tb_nnhealth.flight.penalty import pull
from tests.flight.flying import subject_of


def orthogonal(kernel):
    products = keras.ops.matmul(keras.ops.transpose(kernel), kernel)
    return keras.ops.sum(keras.ops.square(products - keras.ops.eye(kernel.shape[1])))


def data():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(256, 16)).astype("float32")
    return inputs, inputs[:, :4].argmax(axis=1)


def classifier(regularizer, optimizer="adam"):
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(64, activation="relu", kernel_regularizer=regularizer) for _ in range(2)]
    model = keras.Sequential([keras.Input((16,)), *hidden, layers.Dense(4, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def pull_of(model):
    return pull(subject_of(Training(model, *data())))


def told(model):
    report = preflight(model, data(), probes=["data-order"])
    return report, [finding for finding in report.findings if finding.rule == "loss-weights"]


def test_a_pull_grows_with_the_strength_of_a_penalty():
    weak, strong = (pull_of(classifier(regularizers.L2(strength))) for strength in (1e-3, 1.0))
    assert 0 < weak < 0.2 and strong == pytest.approx(1000 * weak, rel=1e-3)
    assert pull_of(classifier(regularizers.L1(1e-3))) > 0 and pull_of(classifier("l2")) > 0


def test_it_is_the_penaltys_gradient_in_units_of_that_of_the_data_loss():
    inputs = np.ones((8, 1), "float32")
    layer = layers.Dense(1, use_bias=False, kernel_regularizer=regularizers.L2(0.5))
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile("sgd", "mse")
    layer.kernel.assign([[3.0]])
    assert pull(subject_of(Training(model, inputs, np.ones((8, 1), "float32")))) == pytest.approx(3.0 / 4.0)


@pytest.mark.parametrize("regularizer", [None, orthogonal, "orthogonal_regularizer"])
def test_what_asks_for_other_weights_than_small_ones_pulls_at_none(regularizer):
    assert math.isnan(pull_of(classifier(regularizer)))


def test_without_a_data_loss_of_keras_own_there_is_none():
    class Own(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, **more):
            return keras.ops.mean(y_pred)

    model = classifier(regularizers.L2(1.0))
    own = Own(model.inputs, model.outputs)
    own.compile("adam")
    assert math.isnan(pull_of(own))


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("regularizer", [regularizers.L2(1.0), regularizers.L2(10.0), regularizers.L1(0.3)])
def test_a_penalty_that_leaves_nothing_of_the_weights_fails_the_preflight(regularizer, optimizer):
    report, (finding,) = told(classifier(regularizer, optimizer))
    assert finding.severity == "warning" and finding.limit == 20.0 < finding.observed and not report.passed


@pytest.mark.parametrize(
    "regularizer", [regularizers.L2(1e-2), regularizers.L2(0.03), regularizers.L1(1e-2), orthogonal]
)
def test_a_penalty_that_leaves_room_to_learn_does_not(regularizer):
    assert told(classifier(regularizer))[1] == []
