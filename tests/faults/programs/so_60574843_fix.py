"""Stacked GRU regression."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_60574843_fix"
KIND = "RNN, regression"
SOURCE = (
    "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/60574843), Stack Overflow 60574843 "
    "(linear, scaled target)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = ["constant_variable"]
MANIFESTS = False
PAIR = "so_60574843_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.tab_reg(1000, 12)
    y = D.standardize(y)
    x, y, val = D.split(x.reshape(-1, 1, 12), y)
    model = keras.Sequential(
        [
            L.Input((1, 12)),
            L.GRU(48, return_sequences=True),
            L.GRU(32, return_sequences=True),
            L.GRU(32),
            L.Dense(1, activation="linear"),
        ]
    )
    model.compile(loss=["mse"], optimizer="adam", metrics=["mse"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
