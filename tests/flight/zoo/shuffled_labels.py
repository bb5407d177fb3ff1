"""Flights for `shuffled-labels`: targets that are not their inputs', and such as are hard to learn."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight
from tests.flight.zoo.random_input import DEEP, EXAMPLES, classifier, hidden, pictures

SLUG = "shuffled-labels"
Change = Callable[[Any], Any]


def with_targets(build: Callable[[], Training], change: Change) -> Callable[[], Training]:
    """Returns what builds the same training with other targets."""

    def changed() -> Training:
        training = build()
        return Training(training.model, training.images, change(training.targets))

    return changed


def permuted(targets: Any) -> Any:
    return np.random.default_rng(3).permutation(targets)


def shifted(targets: Any) -> Any:
    return np.roll(targets, 1, axis=0)


def partly_wrong(targets: Any) -> Any:
    """Four of ten labels are another's."""
    random = np.random.default_rng(4)
    return np.where(random.random(len(targets)) < 0.4, random.permutation(targets), targets)


def numbers(relation: Change, features: int = 8, examples: int = 1000, units: int = 64) -> Callable[[], Training]:
    """Returns what builds a regression of numbers that depend on normal inputs."""

    def build() -> Training:
        start_afresh()
        x = np.random.default_rng(5).normal(size=(examples, features)).astype("float32")
        model = keras.Sequential(
            [keras.Input((features,)), *(layers.Dense(units, activation="relu") for _ in range(2)), layers.Dense(1)]
        )
        model.compile("adam", "mse")
        return Training(model, x, relation(x)[:, None].astype("float32"))

    return build


def again_and_again(build: Callable[[], Training], times: int = 6) -> Callable[[], Training]:
    """Returns what builds the same training on data that repeat."""

    def repeated() -> Training:
        training = build()
        return Training(training.model, np.tile(training.images, (times, 1)), np.tile(training.targets, (times, 1)))

    return repeated


def noise(x: Any) -> Any:
    return np.random.default_rng(6).normal(size=len(x))


def weak(x: Any) -> Any:
    """A tenth of the variance is explained."""
    return x[:, 0] + 3 * noise(x)


def product(x: Any) -> Any:
    return np.sign(x[:, 0] * x[:, 1])


def wave(x: Any) -> Any:
    return np.sin(12 * x[:, 0])


def bytes_of_pictures() -> Training:
    """Digits as most loaders give them, scaled within the model."""
    start_afresh()
    images, labels = digits()
    x = (15 * images[:EXAMPLES]).reshape(-1, 8, 8, 1).astype("uint8")
    hidden_layer, scores = layers.Dense(64, activation="relu"), layers.Dense(10)
    scaled = [keras.Input((8, 8, 1), dtype="uint8"), layers.Rescaling(1 / 255), layers.Flatten()]
    model = keras.Sequential([*scaled, hidden_layer, scores])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return Training(model, x, labels[:EXAMPLES])


def many_kinds() -> Training:
    """A hundred classes, of six examples each."""
    start_afresh()
    random = np.random.default_rng(7)
    labels = np.repeat(np.arange(100), 6)
    x = random.normal(size=(100, 32))[labels] + 1.5 * random.normal(size=(600, 32))
    order = random.permutation(600)
    model = keras.Sequential([keras.Input((32,)), layers.Dense(64, activation="relu"), layers.Dense(100)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return Training(model, x[order].astype("float32"), labels[order].astype("int32"))


def reconstruction() -> Training:
    start_afresh()
    x = standardized(digits()[0])[:600]
    model = keras.Sequential([keras.Input((64,)), layers.Dense(4, activation="tanh"), layers.Dense(64)])
    model.compile("adam", "mae")
    return Training(model, x, x)


SICK = {
    "digits' labels permuted": with_targets(classifier(hidden(256), hidden(256)), permuted),
    "labels one place behind the images, in a CNN": with_targets(pictures, shifted),
    "numbers that are noise": numbers(noise),
    "permuted labels of pictures of bytes": with_targets(bytes_of_pictures, permuted),
}

HEALTHY = {
    "four of ten labels wrong": with_targets(classifier(hidden()), partly_wrong),
    "a tenth of the variance explained": numbers(weak),
    "the product of two of eight features": numbers(product),
    "a wave of many periods": numbers(wave, features=1),
    "a hundred classes of six examples": many_kinds,
    "six layers of sigmoids again": classifier(*DEEP),
    "an autoencoder": reconstruction,
    "pictures of bytes": bytes_of_pictures,
    "noise of too few examples to tell": numbers(noise, examples=120),
    "noise of too few examples that repeat": again_and_again(numbers(noise, examples=100)),
}

FLIGHTS = [
    *(Flight(f"shuffled-labels: {name}", build, frozenset({SLUG})) for name, build in SICK.items()),
    *(Flight(f"shuffled-labels: {name}", build, frozenset()) for name, build in HEALTHY.items()),
]
