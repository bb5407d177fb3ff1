"""LSTM + tanh output for targets 7..12.

Changed from the source: 60 sequences of the same scale instead of 2; 40 epochs instead of 5.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_54811239_bug"
KIND = "RNN, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/54811239), Stack Overflow 54811239"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = [
    "wrong_last_activation",
    "loss_activation_mismatch",
    "unnormalized_inputs",
    "unnormalized_targets",
    "too_few_epochs",
    "lr_too_low",
]
ALLOWED = ["saturated_activation"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    r = np.random.default_rng(0)
    x = np.stack(
        [r.integers(5, 10, (60, 3)), np.zeros((60, 3)), r.integers(17, 32, (60, 3)), r.integers(7, 13, (60, 3))], -1
    ).astype("float32")
    y = x[:, :, 3:]
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((3, 4)),
            L.LSTM(10, return_sequences=True),
            L.Dense(50, activation="tanh"),
            L.Dense(1, activation="tanh"),
        ]
    )
    model.compile(optimizer="adam", loss="mse", metrics=["mse"])
    fit = {"epochs": 40, "batch_size": 8}
    return Trial(model, x, y, val, fit)
