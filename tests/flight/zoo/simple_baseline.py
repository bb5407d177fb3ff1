"""Flights for `simple-baseline`: models that miss what is linear, and such that need time for it, or have no need."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, start_afresh
from tests.flight.zoo import Flight
from tests.flight.zoo.random_input import DEEP, classifier, hidden, rare, tokens, years
from tests.flight.zoo.shuffled_labels import noise, numbers, permuted, product, reconstruction, with_targets

SLUG = "simple-baseline"


def linear(
    features: int, targets: Callable[[Any], Any], *made: Callable[[], keras.Layer], loss: str = "mse", n: int = 600
):
    """Returns what builds a training on targets that are made of a weighted sum of normal inputs."""

    def build() -> Training:
        start_afresh()
        random = np.random.default_rng(8)
        x = random.normal(size=(n, features)).astype("float32")
        sums = x @ random.normal(size=features) / np.sqrt(features) + 0.1 * random.normal(size=n)
        model = keras.Sequential([keras.Input((features,)), *(make() for make in made)])
        model.compile("adam", loss)
        return Training(model, x, targets(sums)[:, None].astype("float32"))

    return build


def output(units: int = 1, activation: str | None = None) -> Callable[[], keras.Layer]:
    return lambda: layers.Dense(units, activation=activation)


def positive(sums: Any) -> Any:
    return sums > 0


def series() -> Training:
    """The mean of a series, by a GRU over its hundred steps."""
    start_afresh()
    random = np.random.default_rng(9)
    level = random.normal(size=(500, 1, 1))
    x = level + random.normal(size=(500, 60, 1))
    model = keras.Sequential([keras.Input((60, 1)), layers.GRU(16), layers.Dense(1)])
    model.compile("adam", "mse")
    return Training(model, x.astype("float32"), level[:, 0].astype("float32"))


def two_outputs() -> Training:
    start_afresh()
    random = np.random.default_rng(10)
    x = random.normal(size=(500, 10)).astype("float32")
    inputs = keras.Input((10,), name="x")
    inner = layers.Dense(32, activation="relu")(inputs)
    outputs = {
        "kind": layers.Dense(3, activation="softmax", name="kind")(inner),
        "size": layers.Dense(1, name="size")(inner),
    }
    model = keras.Model(inputs, outputs)
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mae"})
    return Training(model, x, {"kind": x[:, :3].argmax(axis=1).astype("int32"), "size": x[:, 3:4]})


def attention() -> Training:
    """A transformer's block over ids."""
    training = tokens()
    inputs = keras.Input((20,), dtype="int32")
    inner = layers.Embedding(40, 16)(inputs)
    inner = layers.LayerNormalization()(inner + layers.MultiHeadAttention(2, 8, dropout=0.1)(inner, inner))
    outputs = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(inner))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "binary_crossentropy")
    return Training(model, training.images, training.targets)


SICK = {
    "a softmax over one unit": linear(10, positive, hidden(), output(1, "softmax"), loss="binary_crossentropy"),
    "a sigmoid for targets beyond it": linear(10, lambda sums: 50 + 20 * sums, hidden(), output(1, "sigmoid")),
    "the mean over all pixels": classifier(
        lambda: layers.Reshape((64, 1)), lambda: layers.GlobalAveragePooling1D(), hidden()
    ),
    "a normalization over one feature": classifier(hidden(1), lambda: layers.LayerNormalization(), hidden()),
    "a ReLU for targets below zero": linear(10, lambda sums: sums - 10, hidden(), output(1, "relu")),
}

HEALTHY = {
    "six layers of sigmoids, once more": classifier(*DEEP),
    "twelve layers of tanh": classifier(*[hidden(activation="tanh") for _ in range(12)]),
    "rare positives again": rare,
    "targets far from zero again": years,
    "the product of two features": numbers(product),
    "targets that are noise": numbers(noise),
    "permuted labels": with_targets(classifier(hidden()), permuted),
    "sixty examples": linear(5, lambda sums: sums, hidden(), output(), n=60),
    "more features than examples": linear(
        300, positive, hidden(), output(1, "sigmoid"), loss="binary_crossentropy", n=200
    ),
    "a GRU for the mean of a series": series,
    "two outputs": two_outputs,
    "a transformer over ids": attention,
    "an autoencoder with a bottleneck": reconstruction,
}

# Who learns nothing of noise has targets that are told by the probe that is there for it.
_NOISE = {"targets that are noise", "permuted labels"}

FLIGHTS = [
    *(Flight(f"simple-baseline: {name}", build, frozenset({SLUG})) for name, build in SICK.items()),
    *(
        Flight(f"simple-baseline: {name}", build, frozenset({"shuffled-labels"} if name in _NOISE else ()))
        for name, build in HEALTHY.items()
    ),
]
