"""Softmax over a single unit is identically 1 (Keras 3: the loss recovers the logits, so the loss curve looks perfect
while predictions stay constant).

Changed from the source: 2x2,000 instead of 2x10,000 rows.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_31880720_bug"
KIND = "MLP, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/31880720), Stack Overflow 31880720"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "metric_loss_divergence"]
ALLOWED = ["dying_relu", "vanishing_gradient"]
MANIFESTS = True
PAIR = "so_31880720_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x = np.repeat(np.array([[1.0], [0.0]], "float32"), 2000, 0) * np.ones((1, 128), "float32")
    y = np.repeat([1.0, 0.0], 2000).astype("float32")
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((128,)),
            L.Dense(128),
            L.Activation("relu"),
            L.Dropout(0.2),
            L.Dense(50),
            L.Activation("relu"),
            L.Dropout(0.2),
            L.Dense(1),
            L.Activation("softmax"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    fit = {"epochs": 5, "batch_size": 24}
    return Trial(model, x, y, val, fit)
