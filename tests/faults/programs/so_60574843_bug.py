"""Stacked GRU, sigmoid output, signed regression targets.

Changed from the source: 48/32/32 GRU units.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_60574843_bug"
KIND = "RNN, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/60574843), Stack Overflow 60574843"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "unnormalized_targets", "constant_variable"]
ALLOWED = ["saturated_activation"]
MANIFESTS = True
PAIR = "so_60574843_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.tab_reg(1000, 12)
    x, y, val = D.split(x.reshape(-1, 1, 12), y)
    model = keras.Sequential(
        [
            L.Input((1, 12)),
            L.GRU(48, return_sequences=True),
            L.GRU(32, return_sequences=True),
            L.GRU(32),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss=["mse"], optimizer="adam", metrics=["mse"])
    fit = {"epochs": 12, "batch_size": 256}
    return Trial(model, x, y, val, fit)
