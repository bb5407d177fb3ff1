"""Blob MLP."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_demo_activation_fix"
KIND = "MLP, multi-class"
SOURCE = "AutoTrainer Improper_Activation_case repaired (softmax)"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "at_demo_activation_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.blobs()
    x, y = np.repeat(x, 6, 0), np.repeat(y, 6, 0)
    model = keras.Sequential(
        [L.Input((2,))]
        + [L.Dense(50, activation="relu", kernel_initializer="he_uniform") for _ in range(4)]
        + [L.Dense(3, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 256}
    return Trial(model, x, y, val, fit)
