"""CIFAR-style CNN on logits loss.

Changed from the source: CIFAR-shaped digits; filters 24/48 instead of 64/128.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "uml_eval_fix"
KIND = "CNN, multi-class"
SOURCE = "UMLAUT study program, all bugs fixed as the comments in the source say"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "uml_eval_a_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(600, 32, 3, lo=0, hi=1)
    x, y, val = D.split(x, y[:, None])
    a = "relu"
    model = keras.Sequential(
        [
            L.Input((32, 32, 3)),
            L.Conv2D(24, 3, activation=a),
            L.Conv2D(24, 3, activation=a),
            L.MaxPooling2D(2),
            L.Dropout(0.2),
            L.Conv2D(48, 3, activation=a),
            L.Conv2D(48, 3, activation=a),
            L.MaxPooling2D(2),
            L.Dropout(0.2),
            L.Flatten(),
            L.Dense(128, activation=a),
            L.Dense(128, activation=a),
            L.Dropout(0.2),
            L.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit = {"epochs": 15, "batch_size": 128}
    return Trial(model, x, y, val, fit)
