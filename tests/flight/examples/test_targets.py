"""What targets are taken for."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.examples.targets import CLASSES, NUMBERS, as_classes, targets_of


def model(loss=None):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    made.compile("sgd", loss)
    return made


IDS = np.arange(200) % 5
HOT = np.eye(5)[IDS]


@pytest.mark.parametrize(
    ("y", "loss", "kind"),
    [
        (IDS, None, CLASSES),
        (IDS, "mse", NUMBERS),
        (IDS.astype("float32"), None, NUMBERS),
        (IDS.astype("float32")[:, None], keras.losses.SparseCategoricalCrossentropy(), CLASSES),
        (np.arange(200), None, NUMBERS),
        ((IDS > 2).astype("float32"), None, CLASSES),
        (np.linspace(0, 1, 200), "binary_crossentropy", NUMBERS),
        (np.array(["cat", "dog"] * 100, object), None, CLASSES),
        (HOT, None, CLASSES),
        (0.9 * HOT + 0.02, "categorical_crossentropy", CLASSES),
    ],
)
def test_kind(y, loss, kind):
    (target,) = targets_of(y, model(loss))
    assert target.kind == kind and target.values.shape == (200,)


def test_one_hot_rows_are_their_classes():
    assert (targets_of(HOT, model())[0].values == IDS).all()
    assert as_classes(np.array([7.0, -1.0, 7.0])).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (np.tile([[1, 1, 0], [0, 0, 0]], (50, 1)), "several labels each"),
        (np.zeros((50, 7, 4)), "of the shape 7 × 4"),
        (np.random.default_rng(0).normal(size=(50, 3)), "of the shape 3"),
    ],
)
def test_what_is_neither_says_why(y, why):
    (target,) = targets_of(y, model())
    assert target.kind == "" and why in target.why_not


def test_several_outputs_have_their_names_and_losses():
    inputs = keras.Input((3,))
    two = keras.Model(inputs, [keras.layers.Dense(1, name="kind")(inputs), keras.layers.Dense(1, name="size")(inputs)])
    two.compile("sgd", ["binary_crossentropy", "mse"])
    whole = (IDS > 2).astype("float32")
    assert [(t.name, t.kind) for t in targets_of([whole, whole], two)] == [("kind", CLASSES), ("size", NUMBERS)]
    two.compile("sgd", {"size": "mse", "kind": "binary_crossentropy"})
    assert [(t.name, t.kind) for t in targets_of({"size": whole}, two)] == [("size", NUMBERS)]
