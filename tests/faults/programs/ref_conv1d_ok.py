"""Conv1D classifier with 3 classes."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_conv1d_ok"
KIND = "CNN, multi-class"
SOURCE = "reference program (ours)"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.waves(900, 64, 2, 3)
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((64, 2)),
            L.Conv1D(16, 7, activation="relu"),
            L.MaxPooling1D(2),
            L.Conv1D(32, 5, activation="relu"),
            L.GlobalAveragePooling1D(),
            L.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
