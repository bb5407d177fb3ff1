"""Inputs and imbalanced labels are independent noise; LSTM with relu and max-norm.

Changed from the source: 30 steps, 32 units.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_57516678_bug"
KIND = "RNN, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/57516678), Stack Overflow 57516678"
FIXED = False
PRIMARY = ["bad_labels"]
FAULTS = ["bad_labels", "class_imbalance", "overfitting"]
ALLOWED = []
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    r = np.random.default_rng(0)
    x = r.normal(size=(640, 30, 16)).astype("float32")
    y = (r.random(640) < 5 / 32).astype("float32")
    x, y, val = D.split(x, y)

    def mn():
        return keras.constraints.MaxNorm(0.5, axis=0)

    model = keras.Sequential(
        [
            L.Input((30, 16)),
            L.LSTM(32, activation="relu", recurrent_dropout=0.3, kernel_constraint=mn(), recurrent_constraint=mn()),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Nadam(4e-4, clipnorm=1.0), loss="binary_crossentropy", metrics=["accuracy"]
    )
    fit = {"epochs": 8, "batch_size": 32}
    return Trial(model, x, y, val, fit)
