"""One-hidden-layer blob net."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_demo_oscillating_fix"
KIND = "MLP, multi-class"
SOURCE = "Oscillating_Loss_Case repaired (unit-scale data, batch 32)"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "at_demo_oscillating_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.blobs()
    x, val = x / 10, (val[0] / 10, val[1])
    model = keras.Sequential(
        [
            L.Input((2,)),
            L.Dense(
                50, activation="relu", kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_in", "uniform")
            ),
            L.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.05, momentum=0.9), metrics=["accuracy"]
    )
    fit = {"epochs": 25, "batch_size": 32}
    return Trial(model, x, y, val, fit)
