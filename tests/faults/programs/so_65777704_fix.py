"""Relu version."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_65777704_fix"
KIND = "MLP, multi-class"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/65777704), Stack Overflow 65777704 (relu)"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_65777704_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1500, 28, 1)
    x = x[..., 0] / (np.linalg.norm(x[..., 0], axis=-1, keepdims=True) + 1e-8)
    x, y, val = D.split(x, D.onehot(y, 10))
    model = keras.Sequential(
        [L.Input((28, 28)), L.Flatten()]
        + [L.Dense(u, activation="relu") for u in (8, 16, 32, 64, 128)]
        + [L.Dense(10, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 25, "batch_size": 64}
    return Trial(model, x, y, val, fit)
