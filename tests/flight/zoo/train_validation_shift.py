"""Validation data of another kind than the training data, and of the same."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_breast_cancer

from demo.training import Training, digits, standardized, start_afresh
from tests.flight.zoo import Flight

SICK = frozenset({"train-validation-shift"})
Data = tuple[np.ndarray, np.ndarray]

LAST = {"mse": None, "binary_crossentropy": "sigmoid"}
"""The last activation function of losses of one number."""


def _flight(
    name: str,
    expected: frozenset[str],
    data: Callable[[], Data],
    training: Callable[[Data], Data] = lambda data: data,
    validation: Callable[[Data], Data] = lambda data: data,
    loss: str = "sparse_categorical_crossentropy",
    share: float = 0.25,
) -> Flight:
    """Returns a flight with data that is split at random, and both parts of it prepared."""

    def split(is_training: bool) -> Data:
        x, y = data()
        held = int(share * len(x))
        order = np.random.default_rng(8).permutation(len(x))
        chosen = order[held:] if is_training else order[:held]
        return (training if is_training else validation)((x[chosen], y[chosen]))

    def build() -> Training:
        start_afresh()
        x, y = split(True)
        shape = (None, None, x.shape[-1]) if x.ndim == 4 else x.shape[1:]
        pooled = [layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
        first = pooled if x.ndim == 4 else [layers.Flatten()]
        units = 1 if loss in LAST else int(y.max()) + 1
        model = keras.Sequential(
            [keras.Input(shape), *first, layers.Dense(units, activation=LAST.get(loss, "softmax"))]
        )
        model.compile("adam", loss)
        return Training(model, x, y)

    return Flight(name, build, expected, lambda: split(False))


def _pictures() -> Data:
    """Pictures in three colours, reddish as most are, from 0 to 1."""
    random = np.random.default_rng(9)
    n = 400
    light = random.uniform(0.2, 0.8, (n, 1, 1, 1)) + random.normal(0, 0.1, (n, 1, 1, 3)) + [0.06, 0.0, -0.06]
    coarse = random.normal(0, 0.15, (n, 4, 4, 3)).repeat(4, axis=1).repeat(4, axis=2)
    x = np.clip(light + coarse + random.normal(0, 0.05, (n, 16, 16, 3)), 0, 1)
    return x.astype("float32"), random.integers(0, 5, n)


def _tumours() -> Data:
    data = load_breast_cancer()
    return standardized_columns(data.data), data.target.astype("float32")


def standardized_columns(values: np.ndarray) -> np.ndarray:
    """Returns columns with zero mean and unit variance."""
    return ((values - values.mean(axis=0)) / values.std(axis=0)).astype("float32")


def _numbers() -> Data:
    random = np.random.default_rng(10)
    x = random.normal(size=(300, 6)).astype("float32")
    return x, (50 + 20 * x[:, 0] + random.normal(size=300)).astype("float32")


def _heavy() -> Data:
    random = np.random.default_rng(11)
    return np.exp(2 * random.normal(size=(80, 8))).astype("float32"), random.integers(0, 2, 80).astype("float32")


def _categories() -> Data:
    random = np.random.default_rng(12)
    return random.integers(0, 3, (500, 4)).astype("float32"), random.integers(0, 2, 500).astype("float32")


def _grey_levels(data: Data) -> Data:
    return data[0] * 255, data[1]


def _blue_first(data: Data) -> Data:
    return data[0][..., ::-1], data[1]


def _in_other_units(data: Data) -> Data:
    x, y = data
    return np.concatenate([x[:, :3], 1000 * x[:, 3:4], x[:, 4:]], axis=1), y


def _standardized_targets(data: Data) -> Data:
    return data[0], (data[1] - 50) / 20


def _left_out(data: Data) -> Data:
    x, y = data
    return np.where(np.arange(x.shape[1]) == 2, 0.0, x).astype("float32"), y


def _few_kinds(data: Data) -> Data:
    return data[0][data[1] < 7], data[1][data[1] < 7]


def _with_some_of_training() -> Flight:
    flight = _flight("digits of validation, 20 of 449 trained on", SICK, digits)
    assert flight.validation is not None

    def validation() -> Data:
        (x, y), training = flight.validation(), flight.build()
        return np.concatenate([x[20:], training.images[:20]]), np.concatenate([y[20:], training.targets[:20]])

    return Flight(flight.name, flight.build, flight.expected, validation)


def _augmented(data: Data) -> Data:
    """Flips, moves, darkens, cuts out, and adds noise."""
    random, (x, y) = np.random.default_rng(13), data
    x = np.where(random.random((len(x), 1, 1, 1)) < 0.5, x, x[:, :, ::-1])
    x = np.stack([np.roll(np.pad(each, ((2, 2), (2, 2), (0, 0))), random.integers(-2, 3, 2), (0, 1)) for each in x])
    x = x[:, 2:-2, 2:-2] * random.uniform(0.6, 1.4, (len(x), 1, 1, 1)) + random.normal(
        0, 0.1, (*x.shape[:1], 16, 16, 3)
    )
    for each in x:
        row, column = random.integers(0, 12, 2)
        each[row : row + 4, column : column + 4] = 0
    return x.astype("float32"), y


def _noisy(data: Data) -> Data:
    x, y = data
    return x + np.random.default_rng(14).normal(0, 0.3, x.shape).astype("float32"), y


def _moved(data: Data) -> Data:
    """Moves each picture by two pixels at most, and fills up with its darkest value."""
    random, (x, y) = np.random.default_rng(15), data
    wide = np.pad(x.reshape(-1, 8, 8), ((0, 0), (2, 2), (2, 2)), constant_values=x.min())
    places = random.integers(0, 5, (len(x), 2))
    moved = [each[r : r + 8, c : c + 8].reshape(-1) for each, (r, c) in zip(wide, places, strict=True)]
    return np.stack(moved), y


def _balanced(data: Data) -> Data:
    """Repeats the examples of the rarer class."""
    x, y = data
    rare = np.flatnonzero(y == 0)
    order = np.concatenate([np.arange(len(y)), rare, rare])
    return x[order], y[order]


def _larger(data: Data) -> Data:
    return data[0].repeat(2, axis=1).repeat(2, axis=2), data[1]


def _plain_digits() -> Data:
    images, labels = digits()
    return standardized(images), labels


def _sentences() -> Data:
    """Sentences in which a word mostly tells the next one: some are said again."""
    random = np.random.default_rng(16)
    x = [random.integers(0, 20, 500)]
    for _ in range(9):
        x.append(np.where(random.random(500) < 0.8, (x[-1] * 7 + 3) % 20, random.integers(0, 20, 500)))
    sentences = np.stack(x, axis=1).astype("int32")
    return sentences, (sentences.sum(axis=1) > 95).astype("float32")


FLIGHTS = [
    _flight("pictures of 0 to 255 after training on 0 to 1", SICK, _pictures, validation=_grey_levels),
    _flight("pictures with blue first", SICK, _pictures, validation=_blue_first),
    _flight("one feature in another unit", SICK, _tumours, validation=_in_other_units, loss="binary_crossentropy"),
    _flight("one feature left out", SICK, _tumours, validation=_left_out, loss="binary_crossentropy"),
    _flight("targets standardized in training only", SICK, _numbers, training=_standardized_targets, loss="mse"),
    _flight("three of ten classes missing in training", SICK, _plain_digits, training=_few_kinds),
    _with_some_of_training(),
    _flight("digits, split at random", frozenset(), _plain_digits),
    _flight("augmented pictures", frozenset(), _pictures, training=_augmented),
    _flight("digits in noise", frozenset(), _plain_digits, training=_noisy),
    _flight("digits that are moved", frozenset(), _plain_digits, training=_moved),
    _flight("balanced tumours", frozenset(), _tumours, training=_balanced, loss="binary_crossentropy"),
    _flight("pictures of another size", frozenset(), _pictures, validation=_larger),
    _flight("heavy tails, 20 of 80 examples", frozenset(), _heavy, loss="binary_crossentropy"),
    _flight("sentences", frozenset(), _sentences, loss="binary_crossentropy"),
    _flight("four columns of categories", frozenset(), _categories, loss="binary_crossentropy"),
]
