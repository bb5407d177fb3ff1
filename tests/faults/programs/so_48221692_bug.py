"""Y = x^2+3 up to 103 with a sigmoid output.

Changed from the source: 250 full-batch updates instead of 1,000.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_48221692_bug"
KIND = "MLP, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/48221692), Stack Overflow 48221692"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "unnormalized_targets", "unnormalized_inputs"]
ALLOWED = ["saturated_activation"]
MANIFESTS = True
PAIR = "so_48221692_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.arange(-10, 10.05, 0.1, dtype="float32")[:, None]
    y = (x**2 + 3).astype("float32")
    x, y, val = D.split(x, y, 0.25)
    bs, x, y = len(x), np.tile(x, (10, 1)), np.tile(y, (10, 1))
    model = keras.Sequential([L.Input((1,)), L.Dense(5, activation="sigmoid"), L.Dense(1, activation="sigmoid")])
    model.compile(loss="mean_squared_error", optimizer="sgd")
    fit = {"epochs": 25, "batch_size": bs}
    return Trial(model, x, y, val, fit)
