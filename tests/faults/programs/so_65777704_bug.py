"""Five widening sigmoid layers on row-normalized MNIST."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_65777704_bug"
KIND = "MLP, multi-class"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/65777704), Stack Overflow 65777704"
FIXED = False
PRIMARY = ["vanishing_gradient"]
FAULTS = ["vanishing_gradient", "too_few_epochs", "batch_too_large", "too_deep", "lr_too_low", "underfitting"]
ALLOWED = ["saturated_activation"]
MANIFESTS = True
PAIR = "so_65777704_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1500, 28, 1)
    x = x[..., 0] / (np.linalg.norm(x[..., 0], axis=-1, keepdims=True) + 1e-8)
    x, y, val = D.split(x, D.onehot(y, 10))
    model = keras.Sequential(
        [L.Input((28, 28)), L.Flatten()]
        + [L.Dense(u, activation="sigmoid") for u in (8, 16, 32, 64, 128)]
        + [L.Dense(10, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 25, "batch_size": 500}
    return Trial(model, x, y, val, fit)
