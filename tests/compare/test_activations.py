"""Layers with an activation of their own beside a layer and an activation: what differs first, and by how much."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tests.compare.building import layers, rows

UNITS = 16


class Bare(layers.Layer):
    """A dense layer without activation, to which `off` is added; `then` is done inside of it."""

    def __init__(self, units=UNITS, off=0.0, then=tf.identity, **options):
        super().__init__(**options)
        self.units, self.off, self.then = units, off, then

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), name="w")
        self.b = self.add_weight(shape=(self.units,), name="b")

    def call(self, x):
        return self.then(tf.reduce_sum(x[:, :, None] * self.w[None], 1) + self.b + self.off)


class Inline(keras.Model):
    """Activates between its layers, in no layer."""

    def __init__(self, off=0.0):
        super().__init__()
        self.hidden, self.head = Bare(off=off, name="mine"), Bare(5, name="head")

    def call(self, x):
        return tf.nn.softmax(self.head(tf.nn.relu(self.hidden(x))))


def model(*hidden):
    made = keras.Sequential([keras.Input((UNITS,)), layers.Dense(UNITS, "tanh", name="before"), *hidden])
    made.compile("sgd", "sparse_categorical_crossentropy")
    return made


def pair(off=0.0, activation="relu"):
    return [Bare(off=off, name="mine"), layers.Activation(activation, name="active")]


def head_by_hand():
    return [Bare(5, name="head"), layers.Softmax(name="probabilities")]


def whole(activation="relu"):
    return model(layers.Dense(UNITS, activation, name="dense"), layers.Dense(5, "softmax", name="out"))


def split():
    return model(
        layers.Dense(UNITS, name="dense"),
        layers.Activation("relu", name="relu"),
        layers.Dense(5, name="out"),
        layers.Softmax(name="softmax"),
    )


def copied(ours, reference, batch):
    return compare_models(ours, reference, batch, weights="copy")


def first(comparison):
    found = comparison.first
    return found and (found.stage, found.ours, found.reference)


def swapped(found):
    return found and (found[0], found[2], found[1])


CASES = {
    "right": (pair(), whole, None),
    "off": (pair(1e-3), whole, ("output", "mine", "dense[pre-activation]")),
    "far off": (pair(1.0), whole, ("output", "mine", "dense[pre-activation]")),
    **{
        f"wrong {name}": (pair(activation=name), whole, ("output", "active", "dense"))
        for name in ("elu", "sigmoid", "tanh", "gelu", "softsign", "exponential")
    },
    "missing": ([Bare(name="mine")], whole, ("output", "mine", "dense")),
    "within": ([Bare(name="mine", then=tf.nn.relu)], whole, None),
    "within, off": ([Bare(name="mine", off=1e-3, then=tf.nn.relu)], whole, ("output", "mine", "dense")),
    "within, wrong": ([Bare(name="mine", then=tf.nn.elu)], whole, ("output", "mine", "dense")),
    "within, of two layers": ([Bare(name="mine", then=tf.nn.relu)], split, None),
    "within, off, of two layers": ([Bare(name="mine", off=1e-3, then=tf.nn.relu)], split, ("output", "mine", "relu")),
    "within, wrong, of two layers": ([Bare(name="mine", then=tf.nn.elu)], split, ("output", "mine", "relu")),
    "two and two": (pair(1e-3), split, ("output", "mine", "dense")),
    "two and two, wrong": (pair(activation="elu"), split, ("output", "active", "relu")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_differs_first_is_what_is_wrong(case):
    hidden, make, place = CASES[case]
    reference, batch = make(), rows()[0]
    ours = model(*hidden, *head_by_hand())
    comparison = copied(ours, reference, batch)
    assert first(comparison) == place, str(comparison)
    if case.endswith("off"):
        assert comparison.first.difference == pytest.approx(hidden[0].off, rel=1e-2)
    assert first(copied(reference, ours, batch)) == swapped(place)


def test_both_with_activations_of_their_own():
    comparison = copied(whole("elu"), whole(), rows()[0])
    assert first(comparison) == ("output", "dense", "dense")
    (before,) = [row for row in comparison.rows if row.ours == "dense[pre-activation]"]
    assert before.same and before.reference == "dense[pre-activation]"
    assert "Before the activation they agree." in comparison.summary()


@pytest.mark.parametrize("off", [0.0, 1e-3])
def test_an_activation_in_no_layer_is_no_difference(off):
    ours, (x, _) = Inline(off), rows()
    ours(x)
    reference = keras.Sequential(
        [keras.Input((UNITS,)), layers.Dense(UNITS, "relu", name="dense"), layers.Dense(5, "softmax", name="out")]
    )
    place = ("output", "mine", "dense[pre-activation]") if off else None
    assert first(copied(ours, reference, x)) == place
    assert first(copied(reference, ours, x)) == swapped(place)


def test_gradients_of_a_split_layer_agree_too():
    comparison = copied(model(*pair(), *head_by_hand()), whole(), rows())
    assert comparison.same and not comparison.unpaired_ours and not comparison.unpaired_reference
    gradients = [(row.ours, row.reference) for row in comparison.rows if row.stage == "gradient"]
    start = gradients.index(("active", "dense"))
    assert gradients[start + 1 : start + 4] == [
        ("mine", "dense[pre-activation]"),
        ("mine/w", "dense/kernel"),
        ("mine/b", "dense/bias"),
    ]


def test_a_layer_can_be_mapped_to_what_goes_into_an_activation():
    ours = model(*pair(), *head_by_hand())
    comparison = compare_models(ours, whole(), rows()[0], {"mine": "dense[pre-activation]"}, weights="copy")
    assert comparison.same


def test_recorded_sums_stand_against_what_goes_into_an_activation():
    ours, (x, _) = whole(), rows()
    before, kernel, bias = ours.layers[0](x).numpy(), *ours.layers[1].get_weights()
    z = before @ kernel + bias
    assert compare_models(ours, {"z": z}, x).same
    recorded = {"a0": before, "z1": z, "a1": np.maximum(z, 0), "p": ours(x).numpy()}
    assert compare_models(ours, recorded, x).same
    assert first(compare_models(ours, {**recorded, "z1": z + 1e-3}, x)) == ("output", "dense[pre-activation]", "z1")
    assert first(compare_models(ours, {**recorded, "a1": recorded["a1"] * 1.2}, x)) == ("output", "dense", "a1")
