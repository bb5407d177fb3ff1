"""The programs' data, which need no download: data sets that come with scikit-learn, and generated ones.

All are deterministic. Images are `[n, size, size, channels]`, tables `[n, features]`, sequences `[n, time, channels]`.
"""

import numpy as np
from sklearn import datasets as _sk


def onehot(y, k=None):
    y = np.asarray(y).astype(int).ravel()
    k = int(k or y.max() + 1)
    return np.eye(k, dtype="float32")[y]


def split(x, y, frac=0.2, seed=0):
    """Returns a shuffled training part and a validation part: x, y, (x, y)."""
    r = np.random.default_rng(seed)
    p = r.permutation(len(x))
    n = int(len(x) * (1 - frac))
    x, y = np.asarray(x)[p], np.asarray(y)[p]
    return x[:n], y[:n], (x[n:], y[n:])


def standardize(x):
    x = np.asarray(x, "float32")
    return (x - x.mean(0)) / (x.std(0) + 1e-8)


def minmax(x, lo=0.0, hi=1.0):
    x = np.asarray(x, "float32")
    a, b = x.min(0), x.max(0)
    return lo + (hi - lo) * (x - a) / (b - a + 1e-12)


def digits(n=1500, size=28, channels=1, classes=None, seed=0, lo=0.0, hi=255.0):
    """Returns handwritten digits, enlarged to the size given and within [lo, hi], and int labels.

    Three channels tint every image and add clutter, which is a little harder.
    """
    d = _sk.load_digits()
    im, y = d.images.astype("float32") / 16.0, d.target.astype("int64")
    if classes is not None:
        keep = np.isin(y, classes)
        im, y = im[keep], y[keep]
        y = np.searchsorted(np.asarray(classes), y)
    r = np.random.default_rng(seed)
    p = r.permutation(len(im))[:n]
    im, y = im[p], y[p]
    k = size // 8
    up = np.kron(im, np.ones((1, k, k), "float32"))
    pad = size - 8 * k
    a = pad // 2
    up = np.pad(up, ((0, 0), (a, pad - a), (a, pad - a)))
    x = up[..., None]
    if channels == 3:
        tint = r.uniform(0.5, 1.0, (len(x), 1, 1, 3)).astype("float32")
        x = x * tint + r.uniform(0, 0.15, (len(x), size, size, 3)).astype("float32")
        x = np.clip(x, 0, 1)
    return (lo + (hi - lo) * x).astype("float32"), y


def parity_digits(n=1500, size=28, channels=1, hi=255.0, seed=0):
    """Returns digits, and whether each is 5 or more."""
    x, y = digits(n, size, channels, None, seed, 0.0, hi)
    return x, (y >= 5).astype("int64")


def keypoint_images(n=800, size=24, seed=0):
    """Returns images of one bright blob, and its centre (row, column) within [-1, 1]."""
    r = np.random.default_rng(seed)
    c = r.uniform(4, size - 4, (n, 2))
    g = np.arange(size)
    x = np.exp(
        -((g[None, :, None] - c[:, :1, None]) ** 2 + (g[None, None, :] - c[:, 1:, None].transpose(0, 1, 2)) ** 2) / 6.0
    )
    return x[..., None].astype("float32"), (2 * c / size - 1).astype("float32")


def tab_clf(n=1000, d=20, k=2, informative=None, sep=1.5, seed=0):
    inf = informative or max(2, min(d, 2 * k))
    x, y = _sk.make_classification(
        n,
        d,
        n_informative=inf,
        n_redundant=0,
        n_repeated=0,
        n_classes=k,
        n_clusters_per_class=1,
        class_sep=sep,
        flip_y=0.01,
        random_state=seed,
    )
    return x.astype("float32"), y.astype("int64")


def tab_reg(n=1000, d=10, t=1, informative=None, seed=0, noise=1.0):
    """Returns a linear regression with raw targets, signed and of the order of 100."""
    x, y = _sk.make_regression(
        n, d, n_targets=t, n_informative=informative or min(d, 10), noise=noise, random_state=seed
    )
    return x.astype("float32"), y.astype("float32").reshape(n, t)


def iris():
    d = _sk.load_iris()
    return d.data.astype("float32"), d.target.astype("int64")


def wine():
    d = _sk.load_wine()
    return d.data.astype("float32"), d.target.astype("int64")


def cancer():
    d = _sk.load_breast_cancer()
    return d.data.astype("float32"), d.target.astype("int64")


def autompg_like(n=400, seed=0):
    """Returns nine features of cars on their own scales, generated, and fuel economy in miles a gallon."""
    r = np.random.default_rng(seed)
    cyl = r.choice([4, 6, 8], n, p=[0.5, 0.25, 0.25])
    disp = cyl * 40 + r.normal(0, 25, n)
    hp = disp * 0.45 + 25 + r.normal(0, 12, n)
    wt = 1500 + disp * 8 + r.normal(0, 250, n)
    acc = 24 - hp * 0.06 + r.normal(0, 1.2, n)
    yr = r.integers(70, 83, n)
    org = r.integers(0, 3, n)
    x = np.stack([cyl, disp, hp, wt, acc, yr] + [(org == i).astype(float) for i in range(3)], 1)
    mpg = 60 - wt * 0.0085 - hp * 0.03 + (yr - 76) * 0.7 + org * 1.2 + r.normal(0, 1.0, n)
    return x.astype("float32"), mpg.astype("float32")[:, None]


def packets(n=800, seed=0):
    """Returns features as of network packets, on very different scales, and a binary label."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, n)
    x = np.stack(
        [
            r.integers(1024, 65535, n),
            np.where(y, r.integers(20, 1024, n), r.integers(20, 9000, n)),
            np.exp(r.normal(6 + 2 * y, 1, n)),
            r.integers(0, 255, n),
            r.uniform(0, 1e6, n),
            r.integers(0, 2, n),
            r.normal(1500 - 500 * y, 200, n),
            r.integers(0, 64, n),
            np.exp(r.normal(3 + y, 0.5, n)),
            r.integers(0, 2, n),
            r.uniform(0, 1, n),
        ],
        1,
    )
    return x.astype("float32"), y.astype("int64")


def blobs():
    """Returns AutoTrainer's task Blob: three clusters in two dimensions, 700 and 300 of them, one-hot."""
    x, y = _sk.make_blobs(1000, centers=3, n_features=2, cluster_std=2, random_state=2)
    x, y = x.astype("float32"), onehot(y)
    return x[:700], y[:700], (x[700:], y[700:])


def circles():
    """Returns AutoTrainer's task Circle: two noisy circles, one within the other, 700 and 300 points."""
    x, y = _sk.make_circles(1000, noise=0.1, random_state=1)
    x, y = x.astype("float32"), y.astype("float32")
    return x[:700], y[:700], (x[700:], y[700:])


def bits(dim=8):
    return np.array([[(i >> b) & 1 for b in range(dim)] for i in range(2**dim)], "float32")


def waves(n=600, t=32, c=1, k=2, seed=0):
    """Returns sines of random phase with noise, and their frequency as the class."""
    r = np.random.default_rng(seed)
    y = r.integers(0, k, n)
    tt = np.arange(t) / t
    f = 1.0 + 2.0 * y
    x = np.stack([np.sin(2 * np.pi * (f[:, None] * tt[None] + r.uniform(0, 1, (n, 1)))) for _ in range(c)], -1)
    return (x + r.normal(0, 0.2, x.shape)).astype("float32"), y.astype("int64")


def sentiment_tokens(n=1000, length=20, vocab=100, seed=0):
    """Returns sequences of tokens, and whether those of sentiment are good ones."""
    r = np.random.default_rng(seed)
    y = r.integers(0, 2, n)
    x = r.integers(41, vocab, (n, length))
    for i in range(n):
        j = r.choice(length, 6, replace=False)
        x[i, j] = r.integers(1, 21, 6) if y[i] else r.integers(21, 41, 6)
    return x.astype("int32"), y.astype("int64")


def bag_of_words(n=1200, vocab=1000, seed=0):
    x, y = sentiment_tokens(n, 40, vocab, seed)
    m = np.zeros((n, vocab), "float32")
    for i, s in enumerate(x):
        m[i, s] = 1
    return m, y
