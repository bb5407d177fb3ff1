"""A constant and a linear model in the form of a model's answers."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.brief.baselines import baselines
from tb_nnhealth.flight.brief.costs import Costs
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample


def data(n=400):
    x = np.random.default_rng(0).normal(size=(n, 6))
    return x, x[:, :3].argmax(axis=1).astype("int32")


def held(losses, y, units):
    """Returns the baselines of a model with such losses, fitted to the first 300 examples."""
    inputs = keras.Input((6,))
    outputs = (
        [keras.layers.Dense(n)(inputs) for n in units]
        if isinstance(units, list)
        else keras.layers.Reshape(())(keras.layers.Dense(1)(inputs))
        if units == ()
        else keras.layers.Dense(units)(inputs)
    )
    model = keras.Model(inputs, outputs)
    model.compile("sgd", losses)
    x, _ = data()
    sample = Sample(x, y)
    answers = keras.tree.map_structure(np.asarray, model(x[300:]))
    parts = sample.take(np.arange(300)), sample.take(np.arange(300, 400))
    return baselines(Costs(model), x[:300], x[300:], *parts, answers)


def entropy(labels):
    shares = np.bincount(labels[:300]) / 300
    return -np.log(shares[labels[300:]]).mean()


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("is_sparse", [True, False])
def test_classes(from_logits, is_sparse):
    _, labels = data()
    made = keras.losses.SparseCategoricalCrossentropy if is_sparse else keras.losses.CategoricalCrossentropy
    y = labels if is_sparse else np.eye(3, dtype="float32")[labels]
    found = held(made(from_logits=from_logits), y, 3)
    assert found.constant.mean() == pytest.approx(entropy(labels), rel=1e-3)
    assert found.linear.mean() < 0.35 * found.constant.mean()


def test_even_classes_do_not_hide_the_form():
    labels = np.tile(np.arange(3), 134)[:400].astype("int32")
    for from_logits in (True, False):
        found = held(keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits), labels, 3)
        assert found.constant.mean() == pytest.approx(np.log(3), rel=1e-2)
        assert found.linear.mean() < 1.2


@pytest.mark.parametrize("from_logits", [True, False])
def test_yes_or_no(from_logits):
    y = (data()[0][:, :1] > 0.5).astype("float32")
    found = held(keras.losses.BinaryCrossentropy(from_logits=from_logits), y, 1)
    assert found.constant.mean() == pytest.approx(entropy(y[:, 0].astype(int)), rel=1e-3)
    assert found.linear.mean() < 0.4 * found.constant.mean()


@pytest.mark.parametrize("loss, best", [("mse", np.mean), ("mae", np.median)])
def test_numbers(loss, best):
    x, _ = data()
    y = (100 + x[:, :1] + np.exp(x[:, 1:2])).astype("float32")
    found = held(loss, y, 1)
    errors = y[300:] - best(y[:300])
    assert found.constant.mean() == pytest.approx((errors**2 if loss == "mse" else abs(errors)).mean(), rel=1e-3)
    assert found.linear.mean() < 0.8 * found.constant.mean()


def test_answers_without_an_axis_of_outputs_are_numbers():
    x, _ = data()
    y = (x[:, 0] - 2 * x[:, 1]).astype("float32")
    found = held("mse", y, ())
    assert found.constant.mean() == pytest.approx(np.square(y[300:] - y[:300].mean()).mean(), rel=1e-3)
    assert found.linear.mean() < 0.01
    with pytest.raises(NotMeasured, match=r"targets of shape \(2,\) do not say"):
        held("mse", np.stack([y, y], -1), ())


def test_several_outputs_are_added():
    x, labels = data()
    found = held(["mse", keras.losses.SparseCategoricalCrossentropy(from_logits=True)], [x[:, :1], labels], [1, 3])
    assert found.constant.mean() == pytest.approx(entropy(labels) + (x[300:, 0] ** 2).mean(), rel=0.02)
    assert found.linear.mean() < 0.4 * found.constant.mean()


@pytest.mark.parametrize(
    "y, units, reason",
    [
        (np.zeros((400, 2), "float32"), 3, r"targets of shape \(2,\)"),
        (np.zeros((400, 1), "float32"), [1, 1], "2 predictions for 1 target"),
    ],
)
def test_targets_of_another_form(y, units, reason):
    with pytest.raises(NotMeasured, match=reason):
        held("mse", y, units)


@pytest.mark.parametrize("losses", [["mse", None], [None, "mse"]])
@pytest.mark.parametrize("has_target_of_each", [True, False])
def test_an_output_without_a_loss_needs_no_target(losses, has_target_of_each):
    y = data()[0][:, :1].astype("float32")
    other = np.zeros((400, 7), "float32")
    targets = [other if loss is None else y for loss in losses] if has_target_of_each else y
    found = held(losses, targets, [5 if loss is None else 1 for loss in losses])
    assert found.constant.mean() == pytest.approx((y[300:] ** 2).mean(), rel=0.02)
    assert found.linear.mean() < 0.01
