"""AND gate: linear output with BinaryCrossentropy() and the exact-match Accuracy() metric.

Changed from the source: 400 updates instead of 1,000.
"""

import numpy as np

from tests.faults.case import Trial

ID = "so_64395424_bug"
KIND = "MLP, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/64395424), Stack Overflow 64395424"
FIXED = False
PRIMARY = ["loss_activation_mismatch", "wrong_metric"]
FAULTS = ["loss_activation_mismatch", "wrong_metric", "wrong_last_activation"]
ALLOWED = ["dying_relu"]
MANIFESTS = False
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.array([[1, 1], [1, 0], [0, 1], [0, 0]], "float32")
    y = np.array([[1], [0], [0], [0]], "float32")
    x, y, val = np.tile(x, (50, 1)), np.tile(y, (50, 1)), None
    model = keras.Sequential(
        [L.Input((2,)), L.Dense(2, activation="relu"), L.Dense(128, activation="relu"), L.Dense(1)]
    )
    model.compile(loss=keras.losses.BinaryCrossentropy(), metrics=[keras.metrics.Accuracy()], optimizer="adam")
    fit = {"epochs": 8, "batch_size": 4}
    return Trial(model, x, y, val, fit)
