"""Parabola regression."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_48221692_fix"
KIND = "MLP, regression"
SOURCE = (
    "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/48221692), Stack Overflow 48221692 "
    "(linear output, scaled, Adam)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_48221692_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.arange(-10, 10.05, 0.1, dtype="float32")[:, None]
    y = (x**2 + 3).astype("float32")
    x, y = x / 10, D.standardize(y)
    x, y, val = D.split(x, y, 0.25)
    x, y = np.tile(x, (10, 1)), np.tile(y, (10, 1))
    model = keras.Sequential([L.Input((1,)), L.Dense(32, activation="relu"), L.Dense(1, activation="linear")])
    model.compile(loss="mean_squared_error", optimizer=keras.optimizers.Adam(0.01))
    fit = {"epochs": 15, "batch_size": 16}
    return Trial(model, x, y, val, fit)
