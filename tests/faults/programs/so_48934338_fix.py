"""Curve regression."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_48934338_fix"
KIND = "MLP, regression"
SOURCE = (
    "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/48934338), Stack Overflow 48934338 "
    "(standardized, lr 0.05)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_48934338_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    r = np.random.default_rng(7)
    x = np.arange(0, 5, 0.1, dtype="float32")[:, None]
    y = (5 * x**2 + r.normal(size=x.shape) ** 3).astype("float32")
    x, y, val = np.tile(x, (10, 1)), np.tile(y, (10, 1)), None
    x, y = D.standardize(x), D.standardize(y)
    model = keras.Sequential(
        [
            L.Input((1,)),
            L.Dense(50),
            L.Activation("relu"),
            L.Dense(30, kernel_initializer="he_normal"),
            L.Activation("relu"),
            L.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.05))
    fit = {"epochs": 25, "batch_size": 32}
    return Trial(model, x, y, val, fit)
