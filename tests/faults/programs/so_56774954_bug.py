"""Poisson loss + softmax for signed regression targets."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_56774954_bug"
KIND = "MLP, regression"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/56774954), Stack Overflow 56774954"
FIXED = False
PRIMARY = ["wrong_loss", "wrong_last_activation"]
FAULTS = ["wrong_loss", "wrong_last_activation", "loss_activation_mismatch", "wrong_metric"]
ALLOWED = ["saturated_activation", "unnormalized_targets"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.tab_reg(1000, 10, 3)
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((10,)),
            L.Dense(100, activation="sigmoid"),
            L.Dense(80, activation="sigmoid"),
            L.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="poisson", metrics=["accuracy"])
    fit = {"epochs": 20, "batch_size": 32}
    return Trial(model, x, y, val, fit)
