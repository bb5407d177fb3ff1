"""Relu outputs + CCE, Adam 1e-4, batch 256.

Changed from the source: 340 updates instead of 900.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_demo_activation_bug"
KIND = "MLP, multi-class"
SOURCE = "AutoTrainer repository, demo_case/Improper_Activation_case"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "lr_too_low"]
ALLOWED = ["dying_relu", "nan_loss", "unnormalized_inputs"]
MANIFESTS = True
PAIR = "at_demo_activation_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.blobs()
    x, y = np.repeat(x, 6, 0), np.repeat(y, 6, 0)
    model = keras.Sequential(
        [L.Input((2,))]
        + [L.Dense(50, activation="relu", kernel_initializer="he_uniform") for _ in range(4)]
        + [L.Dense(3, activation="relu")]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-4), metrics=["accuracy"])
    fit = {"epochs": 20, "batch_size": 256}
    return Trial(model, x, y, val, fit)
