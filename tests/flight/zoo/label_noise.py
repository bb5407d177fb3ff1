"""Labels that are wrong, and labels that are merely hard."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from demo.fault import classifier
from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SICK = frozenset({"label-noise"})
TOO_FEW = (
    "Neighbours that agree contradict {} of {} labels of the 512 examples that are read: less three standard errors {} "
    "times as many as all do, and not 0.45."
)
Data = tuple[np.ndarray, np.ndarray]


def flipped(labels: np.ndarray, share: float, kinds: int) -> np.ndarray:
    """Returns labels `[n]` of which a share is another one."""
    random = np.random.default_rng(11)
    wrong = random.random(len(labels)) < share
    return np.where(wrong, (labels + random.integers(1, kinds, len(labels))) % kinds, labels)


def _binary(data: Callable[[], Data], share: float = 0.0) -> Callable[[], Training]:
    def build() -> Training:
        start_afresh()
        x, labels = data()
        stack = [keras.Input(x.shape[1:]), layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(1)]
        model = keras.Sequential(stack)
        model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
        return Training(model, x, flipped(labels, share, 2).astype("float32")[:, None])

    return build


def _moons() -> Data:
    random = np.random.default_rng(0)
    labels, angle = random.integers(0, 2, 1500), random.uniform(0, np.pi, 1500)
    x = np.stack([np.cos(angle) + labels, (1 - 2 * labels) * np.sin(angle) + 0.5 * labels], axis=1)
    return (x + random.normal(0, 0.1, x.shape)).astype("float32"), labels


def _normals(apart: float, columns: int) -> Callable[[], Data]:
    def data() -> Data:
        random = np.random.default_rng(1)
        labels = random.integers(0, 2, 2000)
        x = random.normal(size=(2000, columns))
        x[:, 0] += apart * (2 * labels - 1)
        return x.astype("float32"), labels

    return data


def _four_times() -> Data:
    x, labels = _normals(1.5, 2)()
    return x[:700].repeat(4, axis=0), labels[:700].repeat(4)


def _exclusive_or() -> Data:
    x = np.random.default_rng(2).choice([-1.0, 1.0], (1500, 20))
    return x.astype("float32"), (x[:, 0] * x[:, 1] > 0).astype(int)


def _rare() -> Data:
    random = np.random.default_rng(3)
    labels = (random.random(2000) < 0.05).astype(int)
    x = random.normal(size=(2000, 6))
    x[:, 0] += 2.5 * labels
    return x.astype("float32"), labels


def _shapes_anywhere() -> Data:
    """Pictures of a bright bar, upright or lying, at any place, on noise: pixels alone tell nothing."""
    random = np.random.default_rng(4)
    labels, x = random.integers(0, 2, 1000), random.normal(0, 0.5, (1000, 16, 16, 1))
    for picture, label in zip(x, labels, strict=True):
        row, column = random.integers(0, 10, 2)
        if label:
            picture[row : row + 6, column] += 2
        else:
            picture[row, column : column + 6] += 2
    return x.astype("float32"), labels


def _categories() -> Data:
    random = np.random.default_rng(5)
    x = random.integers(0, 3, (1200, 5)).astype("float32")
    return x, (random.random(1200) < 1 / (1 + np.exp(2 - x.sum(axis=1) / 2))).astype(int)


def _of_digits(share: float) -> Callable[[], Training]:
    return classifier(label=lambda labels: flipped(labels, share, 10))


def _one_hot_blobs() -> Training:
    start_afresh()
    random = np.random.default_rng(6)
    labels, centers = random.integers(0, 4, 1600), 3 * random.normal(size=(4, 8))
    inputs = {"left": keras.Input((4,), name="left"), "right": keras.Input((4,), name="right")}
    joined = layers.Concatenate()(list(inputs.values()))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(joined))
    model.compile("adam", "categorical_crossentropy")
    x = (centers[labels] + random.normal(size=(1600, 8))).astype("float32")
    return Training(model, {"left": x[:, :4], "right": x[:, 4:]}, np.eye(4, dtype="float32")[flipped(labels, 0.12, 4)])


def _again_with_another_label() -> Training:
    images, labels = digits()
    twice = np.concatenate([np.arange(1000), np.arange(60)])
    kept = np.where(np.arange(len(twice)) < 1000, labels[twice], (labels[twice] + 1) % 10)
    training = classifier()()
    return Training(training.model, standardized(images)[twice], kept)


def _texts() -> Training:
    start_afresh()
    random = np.random.default_rng(7)
    tokens, labels = random.integers(1, 500, (600, 12)), random.integers(0, 2, 600)
    tokens[300:340], labels[300:340] = tokens[:40], 1 - labels[:40]
    stack = [keras.Input((12,), dtype="int32"), layers.Embedding(500, 8), layers.GlobalAveragePooling1D()]
    model = keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy")
    return Training(model, tokens.astype("int32"), labels.astype("float32"))


FLIGHTS = [
    Flight("digits, a fifth wrong", _of_digits(0.2), SICK),
    Flight("digits, a tenth wrong", _of_digits(0.1), SICK, missed=TOO_FEW.format(22, 240, 0.22)),
    Flight("two moons, 15 % wrong", _binary(_moons, 0.15), SICK, missed=TOO_FEW.format(34, 221, 0.44)),
    Flight("two inputs, one-hot classes, 12 % wrong", _one_hot_blobs, SICK),
    Flight("digits, 60 of 1,060 again with another label", _again_with_another_label, SICK),
    Flight("texts, 40 of 600 again with another label", _texts, SICK),
    Flight("digits, all right", _of_digits(0.0), frozenset()),
    Flight("two moons", _binary(_moons), frozenset()),
    Flight("classes that overlap, in 2 columns", _binary(_normals(1.0, 2)), frozenset()),
    Flight("classes that overlap, in 20 columns", _binary(_normals(1.0, 20)), frozenset()),
    Flight("exclusive or in 20 columns", _binary(_exclusive_or), frozenset()),
    Flight("a rare class within the other one", _binary(_rare), frozenset()),
    Flight("bars anywhere in pictures", _binary(_shapes_anywhere), frozenset()),
    Flight("classes that overlap, each example four times", _binary(_four_times), frozenset()),
    Flight("five columns of categories", _binary(_categories), frozenset()),
]
