"""One sick model for each rule: a mistake that people really make, after which the rule must fire."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, digits, standardized, start_afresh


@dataclass(frozen=True)
class Fault:
    """A mistake, in words, and what builds a training that makes it."""

    title: str
    build: Callable[[], Training]


def _training(
    hidden: Callable[[], Sequence[layers.Layer]],
    optimizer: Callable[[], keras.optimizers.Optimizer] = lambda: keras.optimizers.Adam(1e-3),
    prepare: Callable[[np.ndarray], np.ndarray] = standardized,
    trainable: bool = True,
) -> Callable[[], Training]:
    """Returns what builds a classifier of digits with the given hidden layers."""

    def build() -> Training:
        start_afresh()
        images, labels = digits()
        model = keras.Sequential([keras.Input((64,)), *hidden(), layers.Dense(10)])
        model.trainable = trainable
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer(), loss, metrics=["accuracy"])
        return Training(model, prepare(images), labels)

    return build


def _dense(units: Sequence[int], activation: str = "relu", **arguments: Any) -> Callable[[], list[layers.Layer]]:
    """Returns what makes a stack of dense layers."""
    return lambda: [layers.Dense(n, activation=activation, **arguments) for n in units]


def _logarithm_of_zero() -> list[layers.Layer]:
    return [
        layers.Dense(64, activation="relu"),
        layers.Lambda(keras.ops.log, name="logarithm"),
        layers.Dense(32, activation="relu"),
    ]


def _rounded() -> list[layers.Layer]:
    return [
        layers.Dense(64, activation="sigmoid"),
        layers.Lambda(keras.ops.round, name="binary_code"),
        layers.Dense(32, activation="relu"),
    ]


def _diverging_regression() -> Training:
    start_afresh()
    images, labels = digits()
    model = keras.Sequential([keras.Input((64,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(5e-4), "mean_squared_error")
    return Training(model, images, labels[:, None].astype("float32"))


def _sgd(rate: float, **arguments: Any) -> Callable[[], keras.optimizers.Optimizer]:
    return lambda: keras.optimizers.SGD(rate, **arguments)


FAULTS: dict[str, Fault] = {
    "nonfinite-values": Fault("takes the logarithm of a ReLU's zeros", _training(_logarithm_of_zero)),
    "vanishing-gradient": Fault("stacks ten sigmoid layers", _training(_dense([32] * 10, "sigmoid"), _sgd(0.1))),
    "exploding-gradient": Fault("regresses on raw grey levels, a little too fast", _diverging_regression),
    "missing-gradient": Fault("rounds a hidden layer", _training(_rounded)),
    "unchanged-variable": Fault(
        "clips gradients to a billionth", _training(_dense([64, 32]), _sgd(0.01, clipvalue=1e-9))
    ),
    "low-update-ratio": Fault("has a learning rate of 1e-5", _training(_dense([64, 32]), _sgd(1e-5))),
    "high-update-ratio": Fault(
        "has a learning rate of 0.5", _training(_dense([64, 32], "leaky_relu"), lambda: keras.optimizers.Adam(0.5))
    ),
    "frozen-variables": Fault("freezes the whole model", _training(_dense([64, 32]), trainable=False)),
    "poor-initialization": Fault(
        "starts every weight from the same constant",
        _training(_dense([64, 32], kernel_initializer=keras.initializers.Constant(0.05))),
    ),
    "dead-units": Fault(
        "starts biases far below zero",
        _training(_dense([64, 32], bias_initializer=keras.initializers.Constant(-20.0))),
    ),
    "saturated-activation": Fault(
        "feeds raw grey levels to large tanh weights",
        _training(
            _dense([64, 32], "tanh", kernel_initializer=keras.initializers.RandomNormal(stddev=2.0)),
            prepare=lambda images: images,
        ),
    ),
    "stalled-loss": Fault(
        "scales images by an integer division, so that all are zero",
        _training(_dense([64, 32], "tanh"), prepare=lambda images: images // 255),
    ),
}
"""Every fault by the rule that must fire."""
