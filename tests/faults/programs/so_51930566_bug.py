"""Iris, sigmoid outputs + CCE."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_51930566_bug"
KIND = "MLP, multi-class"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/51930566), Stack Overflow 51930566"
FIXED = False
PRIMARY = ["loss_activation_mismatch"]
FAULTS = ["loss_activation_mismatch", "wrong_last_activation", "too_few_epochs", "underfitting"]
ALLOWED = []
MANIFESTS = True
PAIR = "so_51930566_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.iris()
    x, y, val = D.split(D.standardize(x), D.onehot(y, 3), 0.5, 2)
    x, y = np.repeat(x, 3, 0), np.repeat(y, 3, 0)
    n = keras.initializers.RandomNormal(stddev=0.05)
    model = keras.Sequential(
        [
            L.Input((4,)),
            L.Dense(4, kernel_initializer=n, activation="relu"),
            L.Dense(3, kernel_initializer=n, activation="sigmoid"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 16, "batch_size": 5}
    return Trial(model, x, y, val, fit)
