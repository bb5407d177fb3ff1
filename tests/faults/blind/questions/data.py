"""Data of the questions: tables and digits that scikit-learn ships, and generated ones.

All take the seed that shuffles or generates them. Where nothing else is said, `(x, held x, y, held y)` is returned.
"""

from collections.abc import Sequence

import numpy as np
from sklearn import datasets

from tests.faults.data import Array

Arrays = Sequence[Array]


def split(seed: int, held: int, *arrays: Array) -> Arrays:
    """Returns each array shuffled in two: its other rows, and so many held ones."""
    order = np.random.default_rng(seed + 77).permutation(len(arrays[0]))
    return [part for array in arrays for part in (array[order[held:]], array[order[:held]])]


def digits(seed: int) -> Arrays:
    """Digits as rows of 64 pixels, 0 to 1."""
    known = datasets.load_digits()
    return split(seed, 400, (known.data / 16.0).astype("float32"), known.target.astype("int32"))


def digit_images(seed: int) -> Arrays:
    """Digits as pictures, 0 to 1."""
    x, held_x, y, held_y = digits(seed)
    return x.reshape(-1, 8, 8, 1), held_x.reshape(-1, 8, 8, 1), y, held_y


def table(name: str, seed: int, held: int, standard: bool = True) -> Arrays:
    """A table of scikit-learn, standardized by its other rows than the held ones."""
    known = getattr(datasets, f"load_{name}")()
    x, held_x, y, held_y = split(seed, held, known.data.astype("float32"), known.target)
    if standard:
        mean, spread = x.mean(0), x.std(0) + 1e-7
        x, held_x = (x - mean) / spread, (held_x - mean) / spread
    return x.astype("float32"), held_x.astype("float32"), np.asarray(y), np.asarray(held_y)


def spam(seed: int) -> Arrays:
    """A binary table with a curved border, one class in three positive."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1500, 12)).astype("float32")
    z = 1.6 * x[:, 0] + 1.2 * x[:, 1] * x[:, 2] - 1.4 * np.abs(x[:, 3]) + 0.2 * rng.normal(size=1500)
    return split(seed, 400, x, (z > 0).astype("float32"))


def circles(seed: int) -> Arrays:
    """A ring and its middle."""
    x, y = datasets.make_circles(1000, noise=0.08, factor=0.45, random_state=seed)
    return split(seed, 300, x.astype("float32"), y.astype("float32"))


def sensor(seed: int) -> Arrays:
    """Four waves of low or of high frequency."""
    rng = np.random.default_rng(seed)
    n = 1500
    y = rng.integers(0, 2, n)
    t = np.arange(10)[None, :, None]
    phase = rng.uniform(0, 6.28, (n, 1, 4))
    freq = np.where(y == 1, 1.4, 0.6)[:, None, None]
    x = np.sin(freq * t + phase) + rng.normal(0, 0.5, (n, 10, 4))
    return split(seed, 300, x.astype("float32"), y.astype("int32"))


def signals(seed: int) -> Arrays:
    """Waves of four frequencies."""
    rng = np.random.default_rng(seed)
    n, t = 900, 24
    y = rng.integers(0, 4, n).astype("int32")
    time = np.arange(t)[None, :]
    ph = rng.uniform(0, 6.28, (n, 1))
    f = np.array([0.35, 0.8, 1.3, 2.0])[y][:, None]
    x = np.sin(f * time + ph) + rng.normal(0, 0.25, (n, t))
    return split(seed, 250, x[..., None].astype("float32"), y)


def topics(seed: int) -> Arrays:
    """Bags of 500 words of eight topics."""
    n, k = 1500, 8
    rng = np.random.default_rng(seed)
    base = np.full((k, 500), 0.02)
    for c in range(k):
        base[c, c * 30 : (c + 1) * 30] = 0.13
    y = rng.integers(0, k, n).astype("int32")
    x = (rng.random((n, 500)) < base[y]).astype("float32")
    return split(seed, 400, x, y)


def tags(seed: int) -> Arrays:
    """Bags of words with 11 labels, about three on at once."""
    rng = np.random.default_rng(seed)
    n, k, v = 2400, 11, 220
    y = (rng.random((n, k)) < 0.28).astype("float32")
    p = 0.02 + np.zeros((n, v))
    for c in range(k):
        p[:, c * 20 : (c + 1) * 20] += 0.22 * y[:, [c]]
    x = (rng.random((n, v)) < p).astype("float32")
    return split(seed, 400, x, y)


def fraud(seed: int) -> Arrays:
    """Three positives in a hundred."""
    rng = np.random.default_rng(seed)
    n = 4000
    y = (rng.random(n) < 0.03).astype("float32")
    x = rng.normal(size=(n, 8)) + 1.3 * y[:, None] * np.array([1, -1, 1, 1, 0, 0, 0, 1])
    return split(seed, 1200, x.astype("float32"), y)


def noisy(seed: int) -> Arrays:
    """A table of two classes, of whose labels three in ten are flipped."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2500, 10)).astype("float32")
    y = x[:, 0] + x[:, 1] - x[:, 2] > 0
    flip = rng.random(2500) < 0.3
    return split(seed, 500, x, (y ^ flip).astype("float32"))


def standardized(x: Array, *others: Array) -> Arrays:
    """Returns all by mean and spread of the first."""
    mean, spread = x.mean(0), x.std(0) + 1e-7
    return [((array - mean) / spread).astype("float32") for array in (x, *others)]


def plane(seed: int) -> Arrays:
    """Prices of homes by their area, 300 to 3000."""
    rng = np.random.default_rng(seed)
    area = rng.uniform(300, 3000, 400)
    y = 0.05 * area + 12 + rng.normal(0, 6, 400)
    return split(seed, 100, area[:, None].astype("float32"), y[:, None].astype("float32"))


def quartic(seed: int) -> Arrays:
    """Fourth powers, times 1e8."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (1200, 1)).astype("float32")
    return split(seed, 300, x, (1e8 * x**4).astype("float32"))


def prices(seed: int) -> Arrays:
    """Prices about 9, of 8 features."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1200, 8)).astype("float32")
    y = 9 + 2.0 * x[:, 0] + 1.5 * x[:, 1] * (x[:, 2] > 0) - x[:, 3] ** 2 + 0.3 * rng.normal(size=1200)
    return split(seed, 300, x, y.astype("float32"))


def rain(seed: int) -> Arrays:
    """Amounts that are exactly zero for half of the examples."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1500, 6)).astype("float32")
    y = np.maximum(0, 4 * x[:, 0] + 2 * x[:, 1] * x[:, 2] + 0.3 * rng.normal(size=1500))
    return split(seed, 400, x, y[:, None].astype("float32"))


def bits(seed: int) -> Arrays:
    """A sum of weighted bits and of products of two."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (2000, 16)).astype("float32")
    w = np.random.default_rng(5).normal(size=16)
    y = x @ w + 1.5 * (x[:, 0] * x[:, 1] - x[:, 2] * x[:, 3])
    y = (y - y.mean()) / y.std()
    return split(seed, 500, x, y[:, None].astype("float32"))


def houses(seed: int) -> Arrays:
    """A third pair of arrays tells which were sold; the prices are near 250,000."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1200, 10)).astype("float32")
    price = 250000 + 60000 * x[:, 0] + 40000 * np.abs(x[:, 1]) + 5000 * rng.normal(size=1200)
    sold = (x[:, 2] * x[:, 3] + 0.8 * x[:, 4] > 0).astype("float32")
    return split(seed, 300, x, price[:, None].astype("float32"), sold[:, None])


def diabetes(seed: int) -> Arrays:
    """The standardized table of diabetes, targets too."""
    x, held_x, y, held_y = table("diabetes", seed, 110)
    a, b = y.mean(), y.std()
    return x, held_x, ((y - a) / b).astype("float32"), ((held_y - a) / b).astype("float32")


def reviews(
    seed: int, count: int = 1200, length: int = 24, padding: str = "pre", shortest: int = 6, longest: int = 20
) -> Arrays:
    """Made-up reviews: of 300 words 1 to 20 praise, 21 to 40 blame, and the rest is neutral."""
    rng = np.random.default_rng(seed)
    x = np.zeros((count, length), "int32")
    y = rng.integers(0, 2, count).astype("int32")
    for i in range(count):
        k = rng.integers(shortest, longest + 1)
        words = rng.integers(41, 300, k)
        m = max(2, k // 4)
        tone = rng.random(m) < 0.92
        right = rng.integers(1, 21, m) + (0 if y[i] else 20)
        wrong = rng.integers(1, 21, m) + (20 if y[i] else 0)
        words[rng.choice(k, m, replace=False)] = np.where(tone, right, wrong)
        if padding == "pre":
            x[i, length - k :] = words
        else:
            x[i, :k] = words
    return split(seed, 300, x, y)


def long_reviews(seed: int) -> Arrays:
    """Reviews of 30 to 50 words."""
    return reviews(seed, 1200, 50, "pre", 30, 50)


def scaled_wine(seed: int) -> Arrays:
    """Wines by features of 0 to 1."""
    x, held_x, y, held_y = table("wine", seed, 50, standard=False)
    a, b = x.min(0), x.max(0)
    return (x - a) / (b - a), ((held_x - a) / (b - a)).clip(0, 1), y, held_y


def order(seed: int) -> Arrays:
    """Whether word 1 comes before word 2 in the sentence."""
    rng = np.random.default_rng(seed)
    n, t = 1600, 12
    x = rng.integers(3, 20, (n, t))
    y = rng.integers(0, 2, n)
    for i in range(n):
        a, b = sorted(rng.choice(t, 2, replace=False))
        x[i, a], x[i, b] = (1, 2) if y[i] else (2, 1)
    return split(seed, 400, x.astype("int32"), y.astype("float32"))


def windows(series: Array, length: int) -> tuple[Array, Array]:
    """Returns all windows of the series, and what follows each."""
    x = np.stack([series[i : i + length] for i in range(len(series) - length)])
    return x[..., None].astype("float32"), series[length:, None].astype("float32")


def passengers(seed: int) -> Array:
    """A series near 1500."""
    rng = np.random.default_rng(seed)
    n = 700
    t = np.arange(n)
    s = 1500 + 400 * np.sin(t * 2 * np.pi / 12) + 250 * np.sin(t * 2 * np.pi / 31 + 1) + 40 * rng.normal(size=n)
    return s


def passenger_windows(seed: int, scaled: bool) -> Arrays:
    """Windows of the series of passengers, scaled or not, and scaled targets."""
    series = passengers(seed)
    x, y = windows((series - series[:500].mean()) / series[:500].std(), 12)
    if not scaled:
        x, _ = windows(series, 12)
    return x[:488], x[488:], y[:488], y[488:]


def stock(seed: int) -> Arrays:
    """Windows of 60 steps of a series of 0 to 10."""
    rng = np.random.default_rng(seed)
    n = 900
    t = np.arange(n)
    s = np.sin(t / 9) + 0.6 * np.sin(t / 23 + 1) + 0.05 * rng.normal(size=n)
    s = (s - s.min()) / (s.max() - s.min()) * 10
    x, y = windows(s, 60)
    return x[:640], x[640:], y[:640], y[640:]


def load(seed: int) -> Arrays:
    """Windows of a day of an hourly load."""
    rng = np.random.default_rng(seed)
    t = np.arange(800)
    s = np.sin(t * 2 * np.pi / 24) + 0.5 * np.sin(t * 2 * np.pi / 168) + 0.1 * rng.normal(size=800)
    x, y = windows(s, 24)
    return x[:600], x[600:], y[:600], y[600:]


def lesions(seed: int) -> Arrays:
    """Pictures, and masks of small discs: 2 % of the pixels."""
    rng = np.random.default_rng(seed)
    n, s = 260, 24
    yy, xx = np.mgrid[:s, :s]
    mask = np.zeros((n, s, s), "float32")
    for i in range(n):
        cy, cx = rng.integers(3, s - 3, 2)
        mask[i] = (yy - cy) ** 2 + (xx - cx) ** 2 <= rng.uniform(1.5, 2.6) ** 2
    img = 0.5 + 0.45 * mask + rng.normal(0, 0.27, mask.shape)
    return split(seed, 60, img[..., None].astype("float32"), mask[..., None])


def pairs(seed: int, same_picture: bool = False) -> tuple[Arrays, Arrays]:
    """Pairs of digits `(one, other, label)`, label 1 for the same class; of twelve, both are the same picture."""
    x, held_x, y, held_y = digits(seed)
    rng = np.random.default_rng(seed)

    def drawn(x: Array, y: Array, n: int) -> Arrays:
        a = rng.integers(0, len(x), n)
        b = np.empty(n, int)
        lab = rng.integers(0, 2, n)
        for i in range(n):
            pool = np.flatnonzero((y == y[a[i]]) if lab[i] else (y != y[a[i]]))
            b[i] = rng.choice(pool)
        if same_picture:
            b[:12] = a[:12]
            lab[:12] = 1
        return x[a], x[b], lab.astype("float32")[:, None]

    return drawn(x, y, 2500), drawn(held_x, held_y, 500)


def old_new(seed: int) -> Arrays:
    """Returns digits 0 to 4 `(x, y)` to pretrain on, then 5 to 9 `(x, y, held x, held y)`, labels from 0."""
    x, held_x, y, held_y = digit_images(seed)
    o, n, t = y < 5, y >= 5, held_y >= 5
    return x[o], y[o], x[n], y[n] - 5, held_x[t], held_y[t] - 5
