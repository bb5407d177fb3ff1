"""Half of the training labels are random."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "dc_label_noise_bug"
KIND = "CNN, multi-class"
SOURCE = (
    "DeepCrime mutation operator 'change labels / add noise to labels (50%)' (dlfaults/deepcrime operators) on "
    "its MNIST CNN"
)
FIXED = False
PRIMARY = ["bad_labels"]
FAULTS = ["bad_labels", "overfitting"]
ALLOWED = []
MANIFESTS = True
PAIR = "dc_mnist_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1200, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x, y, 0.25)
    r = np.random.default_rng(0)
    m = r.random(len(y)) < 0.5
    y = np.where(m, r.integers(0, 10, len(y)), y)
    y, val = D.onehot(y, 10), (val[0], D.onehot(val[1], 10))
    model = keras.Sequential(
        [
            L.Input((28, 28, 1)),
            L.Conv2D(16, 3, activation="relu"),
            L.Conv2D(24, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    fit = {"epochs": 12, "batch_size": 32}
    return Trial(model, x, y, val, fit)
