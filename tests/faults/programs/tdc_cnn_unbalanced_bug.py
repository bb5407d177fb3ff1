"""Class frequencies decay geometrically; the validation split stays balanced.

Changed from the source: digits; 16/32 filters and 256 units instead of 32/64/512.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tdc_cnn_unbalanced_bug"
KIND = "CNN, multi-class"
SOURCE = (
    "TheDeepChecker synthetic program baseCNN_unb_data (thedeepchecker/thedeepchecker buggy_synthetic_programs; "
    "TF1 original)"
)
FIXED = False
PRIMARY = ["class_imbalance"]
FAULTS = ["class_imbalance", "overfitting"]
ALLOWED = []
MANIFESTS = True
PAIR = "tdc_cnn_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1790, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x, y)
    r = np.random.default_rng(0)
    keep = r.random(len(y)) < 0.45**y
    x, y, val = x[keep], D.onehot(y[keep], 10), (val[0], D.onehot(val[1], 10))

    def cv(f, k):
        return L.Conv2D(f, k, padding="same", activation="relu", kernel_initializer="he_normal")

    model = keras.Sequential(
        [
            L.Input((28, 28, 1)),
            cv(16, 5),
            L.MaxPooling2D(),
            cv(32, 3),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(256, activation="relu", kernel_initializer="he_normal"),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 64}
    return Trial(model, x, y, val, fit)
