"""Inputs in the hundreds, SGD 0.01 momentum 0.9."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_blob_x100_bug"
KIND = "MLP, multi-class"
SOURCE = (
    "AutoTrainer Blob data as shipped in AutoTrainer/data/simplednn.py (inputs multiplied by 100) with the "
    "Oscillating_Loss_Case network"
)
FIXED = False
PRIMARY = ["unnormalized_inputs"]
FAULTS = ["unnormalized_inputs", "lr_too_high", "exploding_gradient"]
ALLOWED = ["constant_variable", "dying_relu", "nan_loss"]
MANIFESTS = True
PAIR = "at_demo_oscillating_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.blobs()
    x, val = x * 100, (val[0] * 100, val[1])
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
        loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01, momentum=0.9), metrics=["accuracy"]
    )
    fit = {"epochs": 12, "batch_size": 32}
    return Trial(model, x, y, val, fit)
