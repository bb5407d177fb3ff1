"""4 classes coded 0..3 into one sigmoid unit with BCE."""

import numpy as np

from tests.faults.case import Trial

ID = "so_41596619_bug"
KIND = "MLP, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/41596619), Stack Overflow 41596619"
FIXED = False
PRIMARY = ["wrong_output_shape"]
FAULTS = [
    "wrong_output_shape",
    "wrong_loss",
    "bad_labels",
    "loss_activation_mismatch",
    "wrong_last_activation",
    "lr_too_low",
    "underfitting",
]
ALLOWED = []
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.array(
        [
            [0.5, 1, 1],
            [0.9, 1, 2],
            [0.8, 0, 1],
            [0.3, 1, 1],
            [0.6, 1, 2],
            [0.4, 0, 1],
            [0.9, 1, 7],
            [0.5, 1, 4],
            [0.1, 0, 1],
            [0.6, 1, 0],
            [1, 0, 0],
        ],
        "float32",
    )
    y = np.array([[1], [1], [1], [2], [2], [2], [3], [3], [3], [0], [0]], "float32")
    x, y, val = np.tile(x, (20, 1)), np.tile(y, (20, 1)), None
    u = "random_uniform"
    model = keras.Sequential(
        [
            L.Input((3,)),
            L.Dense(3, kernel_initializer=u, activation="relu"),
            L.Dense(1, kernel_initializer=u, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.001), metrics=["accuracy"])
    fit = {"epochs": 10, "batch_size": 11}
    return Trial(model, x, y, val, fit)
