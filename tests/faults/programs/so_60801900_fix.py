"""Per-token autoencoder."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_60801900_fix"
KIND = "MLP autoencoder, regression"
SOURCE = (
    "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/60801900), Stack Overflow 60801900 "
    "(linear output)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_60801900_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    z = np.random.default_rng(0).normal(size=(600, 4)) @ np.random.default_rng(1).normal(size=(4, 60))
    x = D.minmax(z, -1.92, 1.92).reshape(-1, 20, 3).astype("float32")
    x, y, val = D.split(x, x)
    model = keras.Sequential(
        [
            L.Input((20, 3)),
            L.Dense(64, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(16, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(64, activation="relu"),
            L.Dense(3, activation="linear"),
        ]
    )
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    fit = {"epochs": 15, "batch_size": 16}
    return Trial(model, x, y, val, fit)
