"""Y = x^2 up to 100 with a 10-way softmax output and mse."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_59078187_bug"
KIND = "MLP, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/59078187), Stack Overflow 59078187"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "wrong_output_shape", "unnormalized_targets"]
ALLOWED = ["dying_relu"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.linspace(0, 10, 1000).astype("float32")[:, None]
    y = x**2
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [L.Input((1,)), L.Dense(128, activation="relu"), L.Dropout(0.2), L.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
