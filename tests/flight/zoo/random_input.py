"""Flights for `random-input`: models that do not use their inputs, and such that learn from them late or little."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SLUG = "random-input"
EXAMPLES = 700


def classifier(*hidden: Callable[[], keras.Layer], examples: int = EXAMPLES) -> Callable[[], Training]:
    """Returns what builds a classifier of digits from makers of hidden layers."""

    def build() -> Training:
        start_afresh()
        images, labels = digits()
        model = keras.Sequential([keras.Input((64,)), *(make() for make in hidden), layers.Dense(10)])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return Training(model, standardized(images)[:examples], labels[:examples])

    return build


def hidden(units: int = 64, activation: str = "relu", **arguments: object) -> Callable[[], keras.Layer]:
    return lambda: layers.Dense(units, activation=activation, **arguments)


class ShuffledInBatch(layers.Layer):
    """Hands each example's features to another one."""

    def call(self, inputs):
        return keras.ops.take(inputs, keras.random.shuffle(keras.ops.arange(keras.ops.shape(inputs)[0])), axis=0)


class Gated(layers.Layer):
    """A residual block that begins as the identity."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.inner = layers.Dense(units, activation="relu")
        self.gate = self.add_weight(shape=(), initializer="zeros", name="gate")

    def call(self, inputs):
        return inputs + self.gate * self.inner(inputs)


def one_image() -> Training:
    """The loader gives the first image again and again."""
    training = classifier(hidden())()
    return Training(training.model, np.repeat(training.images[:1], EXAMPLES, axis=0), training.targets)


def few_again_and_again() -> Training:
    """`repeat()` of a hundred images, to a model that sees none of them."""
    training = classifier(lambda: layers.Rescaling(0.0), hidden())()
    order = np.random.default_rng(0).permutation(np.arange(EXAMPLES) % 100)
    return Training(training.model, training.images[order], training.targets[order])


def cast_to_ids() -> Training:
    """Pixels between 0 and 1 become the id 0."""
    start_afresh()
    images, labels = digits()
    model = keras.Sequential(
        [keras.Input((64,)), layers.Embedding(17, 8), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return Training(model, images[:EXAMPLES] / 17, labels[:EXAMPLES])


def two_inputs(is_used: bool, is_mask: bool = False) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        random = np.random.default_rng(0)
        first, second = keras.Input((5,), name="first"), keras.Input((3,), name="second")
        joined = layers.Concatenate()([first, second]) if is_used else first
        model = keras.Model([first, second], layers.Dense(1)(layers.Dense(16, activation="relu")(joined)))
        model.compile("adam", "mse")
        x = [random.normal(size=(400, 5)), np.ones((400, 3)) if is_mask else random.normal(size=(400, 3))]
        x = [part.astype("float32") for part in x]
        return Training(model, x, x[0].sum(axis=1, keepdims=True) + 0.3 * x[1][:, :1])

    return build


def tokens(examples: int = 600) -> Training:
    """Which of two kinds of ids is more frequent, by an LSTM over padded sequences."""
    start_afresh()
    random = np.random.default_rng(0)
    ids = random.integers(1, 40, (examples, 20)).astype("int32")
    labels = ((ids < 20).sum(axis=1) > 10).astype("float32")[:, None]
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(40, 8, mask_zero=True),
            layers.LSTM(16, dropout=0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return Training(model, ids, labels)


def pictures(noise: float = 0.0) -> Training:
    """A convolution with batch normalization and dropout."""
    start_afresh()
    images, labels = digits()
    x = standardized(images)[:500].reshape(-1, 8, 8, 1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.RandomTranslation(0.1, 0.1),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return Training(model, x + noise, labels[:500])


def rare() -> Training:
    """Three eights among a hundred other digits."""
    training = classifier(hidden())()
    eights, others = np.flatnonzero(training.targets == 8)[:20], np.flatnonzero(training.targets != 8)[:600]
    kept = np.random.default_rng(0).permutation(np.concatenate([eights, others]))
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
    return Training(model, training.images[kept], (training.targets[kept] == 8).astype("float32")[:, None])


def years() -> Training:
    """Targets that are far from zero, which the bias takes long to reach."""
    training = classifier(hidden())()
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return Training(model, training.images, 2000.0 + training.targets.astype("float32"))


def mostly_zero(loss: Any, seed: int = 0) -> Callable[[], Training]:
    """Returns what builds a regression of amounts that depend on an input where they are not zero, as seven of ten are:
    by a robust loss the best answer may be zero whatever the input is."""

    def build() -> Training:
        start_afresh()
        random = np.random.default_rng(seed)
        x = random.normal(size=(600, 10)).astype("float32")
        amounts = np.exp(x[:, :1] + 0.5 * random.normal(size=(600, 1)))
        model = keras.Sequential([keras.Input((10,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
        model.compile("adam", loss)
        return Training(model, x, (amounts * (random.random((600, 1)) < 0.3)).astype("float32"))

    return build


def pinball(target, answer):
    """The loss of the quantile 0.6."""
    error = target - answer
    return keras.ops.mean(keras.ops.maximum(0.6 * error, -0.4 * error), axis=-1)


SICK = {
    "multiplies its inputs by zero": classifier(lambda: layers.Rescaling(0.0), hidden()),
    "casts pixels between 0 and 1 to ids": cast_to_ids,
    "has units that are dead from the start": classifier(hidden(bias_initializer=keras.initializers.Constant(-100.0))),
    "gets the same image again and again": one_image,
    "gets a hundred images again and again, and sees none": few_again_and_again,
    "leaves out its second input": two_inputs(is_used=False),
    "mixes up the examples of a batch": classifier(ShuffledInBatch, hidden()),
}

MISSED = {
    "mixes up the examples of a batch": "With 512 examples its loss on those held out falls by 2.0 % in the last 240 "
    "of 480 steps, and 2 % are taken for learning: a close call.",
}
"""Of the sick ones, those that a preflight does not find, and why."""

DEEP: Sequence[Callable[[], keras.Layer]] = [hidden(activation="sigmoid") for _ in range(6)]

HEALTHY = {
    "six layers of sigmoids": classifier(*DEEP),
    "residual blocks that begin as the identity": classifier(*[lambda: Gated(64) for _ in range(8)]),
    "two inputs": two_inputs(is_used=True),
    "two inputs, of which one is a mask of ones": two_inputs(is_used=True, is_mask=True),
    "an LSTM over ids": tokens,
    "a CNN with augmentation, batch normalization and dropout": pictures,
    "rare positives": rare,
    "targets far from zero": years,
    "targets that are mostly zero, by Huber's loss": mostly_zero("huber"),
    "targets that are mostly zero, by the absolute error": mostly_zero("mae"),
    "targets that are mostly zero, by a quantile": mostly_zero(pinball),
    "ninety examples for a wide network": classifier(hidden(1024), hidden(1024), examples=90),
}

FLIGHTS = [
    *(
        Flight(f"random-input: {name}", build, frozenset({SLUG}), missed=MISSED.get(name, ""))
        for name, build in SICK.items()
    ),
    *(Flight(f"random-input: {name}", build, frozenset()) for name, build in HEALTHY.items()),
]
