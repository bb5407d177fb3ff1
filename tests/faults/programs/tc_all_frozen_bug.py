"""Model.trainable = False before compile: nothing is updated."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tc_all_frozen_bug"
KIND = "MLP, multi-class"
SOURCE = (
    "TrainCheck-style silent error (OrderLab/TrainCheck docs: flat-loss case: optimizer.step() changes nothing), "
    "re-expressed in Keras"
)
FIXED = False
PRIMARY = ["frozen_layer"]
FAULTS = ["frozen_layer", "constant_variable"]
ALLOWED = ["vanishing_gradient"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1400, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x.reshape(len(x), 784), y)
    model = keras.Sequential(
        [
            L.Input((784,)),
            L.Dense(64, activation="relu"),
            L.Dense(64, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 10, "batch_size": 32}
    return Trial(model, x, y, val, fit)
