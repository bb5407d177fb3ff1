"""Five training rows for a large Conv1D net; relu on signed targets.

Changed from the source: 5 rows repeated 20x; smaller dense layers.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_46247619_bug"
KIND = "CNN, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/46247619), Stack Overflow 46247619"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "overfitting", "loss_activation_mismatch", "constant_variable"]
ALLOWED = ["dying_relu", "vanishing_gradient"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.tab_reg(205, 50)
    y = y / 100
    x, y, val = x[:5].reshape(-1, 50, 1), y[:5], (x[5:].reshape(-1, 50, 1), y[5:])
    x, y = np.repeat(x, 20, 0), np.repeat(y, 20, 0)
    model = keras.Sequential(
        [
            L.Input((50, 1)),
            L.Conv1D(30, 3, activation="relu"),
            L.Conv1D(40, 3, activation="relu"),
            L.Flatten(),
            L.Dense(128, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(1, activation="relu"),
        ]
    )
    model.compile(loss="mse", optimizer="adam")
    fit = {"epochs": 20, "batch_size": 5}
    return Trial(model, x, y, val, fit)
