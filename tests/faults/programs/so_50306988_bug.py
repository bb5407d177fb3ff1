"""2 sigmoid units, Adam 1e-3, 5 epochs on 200 rows."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_50306988_bug"
KIND = "MLP, multi-class"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/50306988), Stack Overflow 50306988"
FIXED = False
PRIMARY = ["too_few_epochs"]
FAULTS = ["too_few_epochs", "lr_too_low", "underfitting"]
ALLOWED = []
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    r = np.random.default_rng(0)
    a, b = r.uniform(0.2, 0.4, (100, 2)), r.uniform(0.5, 0.7, (100, 2))
    x = np.concatenate([a, b]).astype("float32")
    x, y, val = D.split(x, D.onehot(np.repeat([0, 1], 100), 2))
    model = keras.Sequential([L.Input((2,)), L.Dense(2, activation="sigmoid"), L.Dense(2, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 5, "batch_size": 32}
    return Trial(model, x, y, val, fit)
