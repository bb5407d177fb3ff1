"""A schedule that evaluates to 0: gradients exist, updates do not."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tc_zero_lr_bug"
KIND = "MLP, multi-class"
SOURCE = (
    "TrainCheck-style silent error (OrderLab/TrainCheck docs: pytorch forum 84911: parameters never change), "
    "re-expressed in Keras"
)
FIXED = False
PRIMARY = ["lr_too_low", "constant_variable"]
FAULTS = ["lr_too_low", "constant_variable", "frozen_layer"]
ALLOWED = []
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
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.PolynomialDecay(1e-3, 1, 0.0)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    fit = {"epochs": 10, "batch_size": 32}
    return Trial(model, x, y, val, fit)
