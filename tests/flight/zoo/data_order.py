"""Data in an order, and data in none."""

import keras
import numpy as np
from keras import layers

from demo.fault import classifier, values_of_digits
from demo.training import VALIDATION, Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SICK = frozenset({"data-order"})
AS_IT_COMES = {"shuffle": False}


def _network(inputs: tuple[int, ...], outputs: int, loss: str, activation: str | None = None) -> keras.Model:
    start_afresh()
    model = keras.Sequential([keras.Input(inputs), layers.Dense(16, activation="relu"), layers.Dense(outputs)])
    if activation:
        model.add(layers.Activation(activation))
    model.compile("adam", loss)
    return model


def _digits(order: np.ndarray, shuffle: bool = False) -> Training:
    training = classifier()()
    return Training(training.model, training.images[order], training.targets[order], {"shuffle": shuffle})


def _sorted() -> np.ndarray:
    return np.argsort(digits()[1], kind="stable")


def _through_a_buffer(order: np.ndarray, size: int) -> np.ndarray:
    random, buffer, given = np.random.default_rng(0), list(order[:size]), []
    for index in order[size:]:
        place = random.integers(size)
        given.append(buffer[place])
        buffer[place] = index
    return np.array([*given, *random.permutation(buffer)])


def _sorted_numbers() -> Training:
    images, values = values_of_digits()
    values += np.random.default_rng(0).normal(0, 0.3, values.shape).astype("float32")
    order = np.argsort(values[:, 0])
    return Training(_network((64,), 1, "mse"), images[order], values[order], AS_IT_COMES)


def _one_of_two_outputs() -> Training:
    start_afresh()
    images, labels = digits()
    order = np.argsort(labels % 2, kind="stable")
    inputs = keras.Input((64,))
    hidden = layers.Dense(16, activation="relu")(inputs)
    outputs = {"odd": layers.Dense(1, activation="sigmoid")(hidden), "ink": layers.Dense(1)(hidden)}
    model = keras.Model(inputs, outputs)
    model.compile("adam", {"odd": "binary_crossentropy", "ink": "mse"})
    targets = {"odd": (labels % 2).astype("float32")[order], "ink": images.mean(axis=1)[order]}
    return Training(model, standardized(images)[order], targets, AS_IT_COMES)


def _one_hot_blocks() -> Training:
    images, labels = digits()
    order = np.concatenate([block[np.argsort(labels[block], kind="stable")] for block in np.split(np.arange(1700), 2)])
    model = _network((64,), 10, "categorical_crossentropy", "softmax")
    return Training(model, standardized(images)[order], np.eye(10, dtype="float32")[labels[order]], AS_IT_COMES)


def _first_class_only() -> Training:
    images, labels = digits()
    return Training(_network((64,), 10, "sparse_categorical_crossentropy", "softmax"),
                    standardized(images)[labels == 0], labels[labels == 0], AS_IT_COMES)  # fmt: skip


def _held() -> tuple[np.ndarray, np.ndarray]:
    images, labels = digits()
    return standardized(images)[:VALIDATION], labels[:VALIDATION]


def _rare() -> Training:
    random = np.random.default_rng(3)
    x = random.normal(size=(400, 5)).astype("float32")
    is_rare = x[:, 0] > np.quantile(x[:, 0], 0.98)
    return Training(_network((5,), 1, "binary_crossentropy", "sigmoid"), x, is_rare.astype("float32"), AS_IT_COMES)


def _few() -> Training:
    random = np.random.default_rng(4)
    return Training(_network((5,), 3, "sparse_categorical_crossentropy", "softmax"),
                    random.normal(size=(24, 5)).astype("float32"), random.integers(0, 3, 24), AS_IT_COMES)  # fmt: skip


def _series() -> Training:
    random = np.random.default_rng(5)
    walk = np.cumsum(random.normal(size=600)).astype("float32")
    x = random.normal(size=(600, 4)).astype("float32")
    x[:, 0] += walk / walk.std()
    return Training(_network((4,), 1, "mse"), x, walk[:, None], AS_IT_COMES)


def _windows() -> Training:
    walk = np.cumsum(np.random.default_rng(6).normal(size=600)).astype("float32")
    x = np.stack([walk[i : i + 16] for i in range(500)])[..., None]
    start_afresh()
    model = keras.Sequential([keras.Input((16, 1)), layers.LSTM(4), layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return Training(model, x, (walk[16:516] > walk.mean()).astype("float32"), AS_IT_COMES)


def _turns() -> np.ndarray:
    labels = digits()[1]
    rows = [np.flatnonzero(labels == label)[:170] for label in range(10)]
    return np.stack(rows, axis=1).reshape(-1)


FLIGHTS = [
    Flight("digits, sorted", lambda: _digits(_sorted()), SICK),
    Flight("digits, sorted and shuffled in a buffer of 200", lambda: _digits(_through_a_buffer(_sorted(), 200)), SICK),
    Flight("numbers, sorted", _sorted_numbers, SICK),
    Flight("two outputs, one of them sorted", _one_of_two_outputs, SICK),
    Flight("two files of one-hot classes, each sorted", _one_hot_blocks, SICK),
    Flight("the first class of many", _first_class_only, SICK, _held),
    Flight("digits, shuffled", lambda: _digits(np.arange(1797)), frozenset()),
    Flight("digits, sorted, that fit shuffles", lambda: _digits(_sorted(), shuffle=True), frozenset()),
    Flight("digits, one class after the other in turn", lambda: _digits(_turns()), frozenset()),
    Flight("rare positives", _rare, frozenset()),
    Flight("24 examples", _few, frozenset()),
    Flight("a random walk in time", _series, frozenset()),
    Flight("windows that overlap", _windows, frozenset()),
]
