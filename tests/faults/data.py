"""Small data sets of the fault zoo: those that scikit-learn ships, and generated ones where none fits.

All take the seed that shuffles or generates them, and need no download. A data set is `(x, y, (x, y))`: examples to
train on, and some to validate on.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets

Array = NDArray[Any]
Data = tuple[Array, Array, tuple[Array, Array]]


def split(x: Array, y: Array, seed: int, share: float = 0.2) -> Data:
    """Returns the examples in random order, and the last `share` of them for validation."""
    order = np.random.default_rng(seed).permutation(len(x))
    x, y, kept = x[order], y[order], round(len(x) * (1 - share))
    return x[:kept], y[:kept], (x[kept:], y[kept:])


def standardized(x: Array) -> Array:
    """Returns each feature with zero mean and unit variance; a constant one is zero."""
    return ((x - x.mean(0)) / (x.std(0) + 1e-7)).astype("float32")


def one_hot(labels: Array, classes: int) -> Array:
    return np.eye(classes, dtype="float32")[labels]


def as_column(labels: Array) -> Array:
    """Returns labels `[n]` as numbers `[n, 1]`."""
    return labels[:, None].astype("float32")


def as_given(x: Array) -> Array:
    return x


def on_labels(data: Data, change: Callable[[Array], Array]) -> Data:
    """Returns the data with other labels."""
    x, y, (held_x, held_y) = data
    return x, change(y), (held_x, change(held_y))


def on_inputs(data: Data, change: Callable[[Array], Array]) -> Data:
    """Returns the data with other inputs."""
    x, y, (held_x, held_y) = data
    return change(x), y, (change(held_x), held_y)


def first(data: Data, examples: int) -> Data:
    """Returns the data with fewer examples to train on."""
    return data[0][:examples], data[1][:examples], data[2]


def digits(seed: int) -> Data:
    """Returns handwritten digits `[n, 8, 8, 1]` from 0 to 1, and their classes."""
    data = datasets.load_digits()
    return split((data.images[..., None] / 16).astype("float32"), data.target.astype("int32"), seed)


def inks(seed: int) -> Data:
    """Returns handwritten digits `[n, 8, 8, 1]` from 0 to 1, and the standardized ink `[n, 1]` of each."""
    x, _, (held_x, _) = digits(seed)
    ink, held_ink = (images.mean((1, 2)) for images in (x, held_x))
    return x, (ink - ink.mean()) / ink.std(), (held_x, (held_ink - ink.mean()) / ink.std())


def flat_digits(seed: int) -> Data:
    """Returns standardized handwritten digits `[n, 64]`, and their classes."""
    data = datasets.load_digits()
    return split(
        ((data.data - data.data.mean()) / data.data.std()).astype("float32"), data.target.astype("int32"), seed
    )


def table(name: str, seed: int) -> Data:
    """Returns a table of scikit-learn's, with standardized features: "iris", "wine", "breast_cancer", "diabetes".

    Classes are integers `[n]`, numbers are standardized `[n, 1]`.
    """
    data = getattr(datasets, f"load_{name}")()
    numbers = name == "diabetes"
    targets = standardized(data.target[:, None]) if numbers else data.target.astype("int32")
    return split(standardized(data.data), targets, seed)


def photographs(seed: int, size: int = 16, count: int = 600) -> Array:
    """Returns pieces `[count, size, size, 3]` of two photographs, from 0 to 1."""
    random = np.random.default_rng(seed)
    images = datasets.load_sample_images().images
    pieces = []
    for index in range(count):
        image = images[index % len(images)]
        top, left = (random.integers(0, length - 2 * size) for length in image.shape[:2])
        pieces.append(image[top : top + 2 * size : 2, left : left + 2 * size : 2])
    return (np.stack(pieces) / 255).astype("float32")


def rings(seed: int, count: int = 1000) -> Data:
    """Returns points `[n, 2]` on two circles, one within the other, and which one `[n, 1]`."""
    x, y = datasets.make_circles(count, noise=0.08, factor=0.5, random_state=seed)
    return split(standardized(x), y[:, None].astype("float32"), seed)


def waves(seed: int, count: int = 900, length: int = 48) -> Data:
    """Returns noisy waves `[n, length, 1]` of random phase, and their shape: sine, square, sawtooth."""
    random = np.random.default_rng(seed)
    shape = random.integers(0, 3, count)
    phase = (np.arange(length) / 12 + random.uniform(0, 1, (count, 1))) % 1
    curves = np.stack([np.sqrt(2) * np.sin(2 * np.pi * phase), np.sign(phase - 0.5), np.sqrt(12) * (phase - 0.5)])
    x = curves[shape, np.arange(count)] + 0.2 * random.normal(size=(count, length))
    return split(x[..., None].astype("float32"), shape.astype("int32"), seed)


def series(seed: int, count: int = 1000, length: int = 24) -> Data:
    """Returns windows `[n, length, 1]` of a noisy sum of two sines of unit scale, and the next value `[n, 1]`."""
    random = np.random.default_rng(seed)
    time = np.arange(count + length + 1)
    values = np.sin(time / 3) + np.sin(time / 7.3) + 0.1 * random.normal(size=len(time))
    windows = np.lib.stride_tricks.sliding_window_view(values, length + 1)[:count]
    return split(windows[:, :-1, None].astype("float32"), windows[:, -1:].astype("float32"), seed)


def texts(seed: int, count: int = 1000, classes: int = 2, hints: int = 4, synonyms: int = 5, length: int = 20) -> Data:
    """Returns texts `[n, length]` of word numbers from 1, so many words of which hint at the class `[n]`.

    Each class has so many synonyms for its hints, from 1 on. The other words are as frequent as in a language: the k-th
    comes about 1/k times as often as the first.
    """
    random = np.random.default_rng(seed)
    label = random.integers(0, classes, count)
    frequency = 1 / np.arange(1, 151)
    x = 1 + synonyms * classes + random.choice(150, (count, length), p=frequency / frequency.sum())
    places = random.permuted(np.tile(np.arange(length), (count, 1)), axis=1)[:, :hints]
    chosen = 1 + synonyms * label[:, None] + random.integers(0, synonyms, (count, hints))
    np.put_along_axis(x, places, chosen, axis=1)
    return split(x.astype("int32"), label.astype("int32"), seed)


VOCABULARY = 256
"""More than any word number that `texts` gives."""


def attributes(seed: int) -> Data:
    """Returns standardized handwritten digits `[n, 64]`, and whether they are even, prime, above 4, with a loop."""
    has = np.array([[d % 2 == 0, d in (2, 3, 5, 7), d > 4, d in (0, 6, 8, 9)] for d in range(10)], "float32")
    return on_labels(flat_digits(seed), lambda labels: has[labels])
