"""Data of practice: tables and digits that scikit-learn ships, and generated ones.

All take the seed that shuffles or generates them. `Split` is `(x, y), (x, y)`: examples to train on, and held ones.
"""

import numpy as np
from sklearn import datasets

from tests.faults.data import Array

Pair = tuple[Array, Array]
Split = tuple[Pair, Pair]


def cut(x: Array, y: Array, kept: int) -> Split:
    """Returns the first rows, and the others."""
    return (x[:kept], y[:kept]), (x[kept:], y[kept:])


def four_fifths(x: Array, y: Array, labels: str = "int32") -> Split:
    """Returns four fifths of the rows, and the others."""
    return cut(x.astype("float32"), y.astype(labels), len(x) * 4 // 5)


def digits(seed: int) -> Split:
    """Digits as pictures, 0 to 1."""
    known = datasets.load_digits()
    order = np.random.default_rng(seed).permutation(len(known.target))
    x = (known.images / 16.0).astype("float32")[..., None][order]
    return cut(x, known.target.astype("int32")[order], 1300)


def flat_digits(seed: int) -> Split:
    """Digits as rows of 64 pixels, 0 to 1."""
    (x, y), (held_x, held_y) = digits(seed)
    return (x.reshape(-1, 64), y), (held_x.reshape(-1, 64), held_y)


def table(name: str, seed: int) -> Pair:
    """A table of scikit-learn, in random order."""
    known = getattr(datasets, f"load_{name}")()
    order = np.random.default_rng(seed).permutation(len(known.target))
    return known.data[order], known.target[order]


def standardized(x: Array, held: Array) -> Pair:
    """Returns both by mean and spread of the first."""
    mean, spread = x.mean(0), x.std(0) + 1e-8
    return ((x - mean) / spread).astype("float32"), ((held - mean) / spread).astype("float32")


def friedman(seed: int) -> Split:
    """Friedman's first regression, of ten uniform features; the targets have unit spread."""
    n = 1500
    r = np.random.default_rng(seed)
    x = r.uniform(size=(n, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = y + r.normal(size=n)
    return four_fifths(x, (y - y.mean()) / y.std(), "float32")


def spirals(seed: int) -> Split:
    """Three noisy spirals, one arm a class."""
    n, classes = 1500, 3
    r = np.random.default_rng(seed)
    y = r.integers(classes, size=n)
    t = r.uniform(0.15, 1, size=n)
    a = 2 * np.pi * (y / classes) + 4.0 * t
    x = np.stack([t * np.cos(a), t * np.sin(a)], 1) * 2 + r.normal(scale=0.06, size=(n, 2))
    return four_fifths(x, y)


def reviews(seed: int, n: int = 2000, longest: int = 40, words: int = 60) -> Split:
    """Sentences of up to 40 ids by Zipf's law, 0 being padding after the end; the less frequent ones have a tone."""
    length, vocabulary, shortest = 40, 400, 12
    r = np.random.default_rng(seed)
    p = 1.0 / np.arange(10, 10 + vocabulary - 2)
    p /= p.sum()
    ids = r.choice(np.arange(2, vocabulary), size=(n, length), p=p)
    y = r.integers(2, size=n)
    sentiment = 60 + r.permutation(vocabulary - 60)[: 2 * words]
    for i in range(n):
        k = r.integers(3, 6)
        at = r.choice(shortest, size=k, replace=False)
        good = r.choice(sentiment[:words] if y[i] else sentiment[words:], size=k)
        neutral = ~np.isin(ids[i], sentiment)
        ids[i] = np.where(neutral, ids[i], 2 + (ids[i] % 50))
        ids[i, at] = good
        ids[i, r.integers(shortest, longest + 1) :] = 0
    return cut(ids.astype("int32"), y.astype("int32"), n * 4 // 5)


def waves(seed: int, length: int = 40, level: float = 0.0, scale: float = 1.0) -> Split:
    """The next value of a noisy sum of two sines."""
    n = 1200
    r = np.random.default_rng(seed)
    t = np.arange(length + 1)
    f1, f2 = r.uniform(0.1, 0.3, (n, 1)), r.uniform(0.4, 0.7, (n, 1))
    s = np.sin(f1 * t + r.uniform(0, 6.3, (n, 1))) + 0.5 * np.sin(f2 * t + r.uniform(0, 6.3, (n, 1)))
    s = level + scale * (s + r.normal(scale=0.05, size=s.shape))
    return four_fifths(s[:, :-1, None], s[:, -1:], "float32")


def shapes_of_waves(seed: int) -> Split:
    """Noisy sines and square waves of two frequencies, each a class."""
    n, t = 1200, 48
    r = np.random.default_rng(seed)
    y = r.integers(4, size=n)
    phase = r.uniform(0, 6.3, (n, 1))
    f = np.array([0.3, 0.5, 0.3, 0.5])[y][:, None]
    s = np.sin(f * np.arange(t) + phase)
    s = np.where((y >= 2)[:, None], np.sign(s), s * 1.3) + r.normal(scale=0.3, size=(n, t))
    return four_fifths(s[..., None], y)


def lookup(seed: int) -> Split:
    """A key, eight keys and their values: the class is the value of the key."""
    n, keys, t, values = 4000, 24, 8, 8
    r = np.random.default_rng(seed)
    k = np.argsort(r.uniform(size=(n, keys)), 1)[:, :t].astype("int32")
    v = r.integers(values, size=(n, t)).astype("int32")
    i = r.integers(t, size=n)
    q = k[np.arange(n), i][:, None]
    return cut(np.concatenate([q, k, v], 1), v[np.arange(n), i], n * 4 // 5)


def marked(seed: int) -> Split:
    """Sequences of which one step is marked: the class is its content."""
    n, t, c = 2500, 20, 6
    r = np.random.default_rng(seed)
    content = r.integers(c, size=(n, t))
    at = r.integers(t, size=n)
    flag = np.zeros((n, t, 1))
    flag[np.arange(n), at] = 1
    x = np.concatenate([np.eye(c)[content], flag, r.normal(scale=0.3, size=(n, t, 3))], -1)
    return four_fifths(x, content[np.arange(n), at])


def directions(seed: int) -> Split:
    """Unit vectors of 16 components as targets."""
    n, d, e = 1500, 20, 16
    r = np.random.default_rng(seed)
    x = r.normal(size=(n, d))
    a, b = r.normal(size=(d, 30)), r.normal(size=(30, e))
    t = np.tanh(x @ a / 3) @ b
    t /= np.linalg.norm(t, axis=1, keepdims=True)
    return four_fifths(x, t, "float32")


def forty_classes(seed: int) -> Split:
    """Points about forty centres."""
    n = 2500
    r = np.random.default_rng(seed)
    centres = r.normal(size=(40, 20))
    y = r.integers(40, size=n)
    return four_fifths(centres[y] + r.normal(scale=0.8, size=(n, 20)), y)


def digit_pairs(seed: int, part: int) -> Pair:
    """Pairs of digits, of those to train on (0) or of those held (1), and whether they are of one class."""
    x, y = flat_digits(seed)[part]
    r = np.random.default_rng(seed + part)
    n = 600 if part else 2400
    i = r.integers(len(y), size=n)
    same = r.uniform(size=n) < 0.5
    j = np.array([r.choice(np.flatnonzero((y == y[a]) == q)) for a, q in zip(i, same, strict=True)])
    return np.stack([x[i], x[j]], 1), same.astype("float32")


def old_task(seed: int) -> Pair:
    """Digits 0 to 4, -1 to 1, and their turns by 90 degrees as further classes."""
    (x, y), _ = digits(seed)
    x, y = x[y < 5] * 2 - 1, y[y < 5]
    turned = [np.rot90(x, i, axes=(1, 2)) for i in range(4)]
    return np.concatenate(turned), np.concatenate([y + 5 * i for i in range(4)])


def new_task(seed: int) -> Split:
    """Digits 5 to 9, -1 to 1, 150 of them to train on; labels from 0."""
    (x, y), (held_x, held_y) = digits(seed)
    old, held_old = y < 5, held_y < 5
    held = held_x[~held_old] * 2 - 1, held_y[~held_old] - 5
    return (x[~old][:150] * 2 - 1, y[~old][:150] - 5), held


def two_words(seed: int) -> Split:
    """Which of the words 1 to 3, plus which of the words 4 to 6, modulo 3; other words stand between."""
    n, t = 1600, 12
    r = np.random.default_rng(seed)
    x = r.integers(7, 13, size=(n, t))
    at = np.argsort(r.uniform(size=(n, t)), 1)
    a, b = r.integers(3, size=n), r.integers(3, size=n)
    x[np.arange(n), at[:, 0]] = 1 + a
    x[np.arange(n), at[:, 1]] = 4 + b
    return cut(x.astype("int32"), ((a + b) % 3).astype("int32"), n * 4 // 5)


def reversed_words(seed: int) -> tuple[Array, Array, Array]:
    """Sequences of five, what the decoder is given, and the sequences backwards."""
    n, t, v = 4000, 5, 8
    r = np.random.default_rng(seed)
    x = r.integers(1, v, size=(n, t)).astype("int32")
    y = x[:, ::-1].copy()
    return x, np.concatenate([np.zeros((n, 1), "int32"), y[:, :-1]], 1), y


def imbalanced(seed: int) -> Split:
    """Three positives in a hundred."""
    n = 4000
    r = np.random.default_rng(seed)
    y = (r.uniform(size=n) < 0.03).astype("float32")
    x = r.normal(size=(n, 12))
    x[:, :4] += 0.8 * y[:, None]
    x[:, 4] += 0.6 * y * np.sign(x[:, 5])
    return four_fifths(x, y, "float32")


def product(seed: int) -> Split:
    """Two classes by a product of two features and a third."""
    x = np.random.default_rng(seed).normal(size=(1500, 8)).astype("float32")
    return four_fifths(x, x[:, 0] * x[:, 1] + x[:, 2] > 0, "float32")


def sparse(seed: int) -> Split:
    """A regression on 6 of 300 features, with 150 examples to train on."""
    r = np.random.default_rng(seed)
    x = r.normal(size=(450, 300)).astype("float32")
    w = np.zeros(300)
    w[:6] = r.choice([-1, 1], 6) * 0.8
    return cut(x, (x @ w + r.normal(scale=0.3, size=450)).astype("float32")[:, None], 150)


def half_circle(seed: int) -> Array:
    """Points about half a circle."""
    n = 2000
    r = np.random.default_rng(seed)
    t = r.uniform(0, np.pi, n)
    return (np.stack([np.cos(t), np.sin(t)], 1) * 2 + r.normal(scale=0.1, size=(n, 2))).astype("float32")


def four_places(seed: int) -> Pair:
    """Points about four places, and at which, one-hot."""
    n = 2400
    r = np.random.default_rng(seed)
    y = r.integers(4, size=n)
    places = np.array([[2, 0], [0, 2], [-2, 0], [0, -2]])
    return (places[y] + r.normal(scale=0.35, size=(n, 2))).astype("float32"), np.eye(4, dtype="float32")[y]


def uneven_noise(seed: int) -> Split:
    """A sine with noise that grows with the distance from zero."""
    n = 2000
    r = np.random.default_rng(seed)
    x = r.uniform(-2, 2, size=(n, 1))
    y = np.sin(2 * x) + (0.2 + 0.2 * np.abs(x)) * r.normal(size=(n, 1))
    return four_fifths(x, y, "float32")


def discs(seed: int) -> Split:
    """Pictures of a disc in noise, and its mask."""
    n, s = 500, 16
    r = np.random.default_rng(seed)
    g = np.mgrid[:s, :s]
    c = r.uniform(4, 12, (n, 2, 1, 1))
    radius = r.uniform(2, 4, (n, 1, 1))
    mask = (((g[None] - c) ** 2).sum(1) < radius**2).astype("float32")
    x = mask * r.uniform(0.5, 1, (n, 1, 1)) + r.normal(scale=0.35, size=(n, s, s))
    return four_fifths(x[..., None], mask[..., None], "float32")
