"""Sigmoid output."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_31880720_fix"
KIND = "MLP, binary"
SOURCE = "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/31880720), Stack Overflow 31880720"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = ["dying_relu", "vanishing_gradient"]
MANIFESTS = False
PAIR = "so_31880720_bug"
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
            L.Activation("sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.RMSprop(), metrics=["accuracy"])
    fit = {"epochs": 5, "batch_size": 24}
    return Trial(model, x, y, val, fit)
