"""What the sick models of the demo are made of: classifiers and regressions with one thing wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from demo.training import Training, digits, standardized, start_afresh

Layers = Callable[[], Sequence[keras.Layer]]
Optimizer = Callable[[], keras.optimizers.Optimizer]
Build = Callable[[], Training]


@dataclass(frozen=True)
class Fault:
    """A mistake, in words, and what builds a training that makes it; `informs`: the rule does no more than inform."""

    title: str
    build: Build
    informs: bool = False


def adam(rate: float = 1e-3, **arguments: Any) -> Optimizer:
    return lambda: keras.optimizers.Adam(rate, **arguments)


def sgd(rate: float, **arguments: Any) -> Optimizer:
    return lambda: keras.optimizers.SGD(rate, **arguments)


def dense(units: Sequence[int] = (64, 32), activation: str | None = "relu", **arguments: Any) -> Layers:
    """Returns what makes a stack of dense layers."""
    return lambda: [layers.Dense(n, activation=activation, **arguments) for n in units]


def logits() -> Sequence[keras.Layer]:
    return [layers.Dense(10)]


def ending(units: int, activation: str | None = None) -> Layers:
    """Returns what makes an output layer."""
    return lambda: [layers.Dense(units, activation=activation)]


def raw(values: np.ndarray) -> np.ndarray:
    return values


def classifier(
    hidden: Layers | None = None,
    optimizer: Optimizer | None = None,
    *,
    prepare: Callable[[np.ndarray], np.ndarray] = standardized,
    label: Callable[[np.ndarray], np.ndarray] = raw,
    head: Layers = logits,
    loss: Callable[[], Any] = lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    trainable: bool = True,
    fit: Mapping[str, Any] | None = None,
) -> Build:
    """Returns what builds a classifier of digits, healthy as long as nothing is given.

    Args:
      hidden: makes the hidden layers.
      optimizer: makes the optimizer.
      prepare: is given the images `[n, 64]`, grey levels of 0 to 16.
      label: is given the digits `[n]`.
      head: makes the output layers.
      loss: makes the loss.
      trainable: whether the model is.
      fit: further arguments of `model.fit`.
    """

    def build() -> Training:
        start_afresh()
        images, labels = digits()
        model = keras.Sequential([keras.Input((64,)), *(hidden or dense())(), *head()])
        model.trainable = trainable
        model.compile((optimizer or adam())(), loss(), metrics=["accuracy"])
        return Training(model, prepare(images), label(labels), fit or {})

    return build


def regression(
    data: Callable[[], tuple[np.ndarray, np.ndarray]],
    optimizer: Optimizer | None = None,
    *,
    hidden: Layers | None = None,
    activation: str | None = None,
    loss: Callable[[], Any] = lambda: "mean_squared_error",
    metrics: Sequence[str] = (),
    fit: Mapping[str, Any] | None = None,
) -> Build:
    """Returns what builds a regression; `data` gives inputs `[n, features]` and targets `[n]` or `[n, 1]`."""

    def build() -> Training:
        start_afresh()
        inputs, targets = data()
        model = keras.Sequential(
            [keras.Input(inputs.shape[1:]), *(hidden or dense())(), layers.Dense(1, activation=activation)]
        )
        model.compile((optimizer or adam())(), loss(), metrics=list(metrics))
        return Training(model, inputs, targets, fit or {})

    return build


def values_of_digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns standardized images, and their digits as numbers `[n, 1]`."""
    images, labels = digits()
    return standardized(images), labels[:, None].astype("float32")
