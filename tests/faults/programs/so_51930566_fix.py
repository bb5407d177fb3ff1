"""Iris MLP."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_51930566_fix"
KIND = "MLP, multi-class"
SOURCE = (
    "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/51930566), Stack Overflow 51930566 "
    "(softmax)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_51930566_bug"
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
            L.Dense(3, kernel_initializer=n, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 40, "batch_size": 5}
    return Trial(model, x, y, val, fit)
