"""SGD 0.01 momentum 0.9, batch size 1."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_demo_oscillating_bug"
KIND = "MLP, multi-class"
SOURCE = "AutoTrainer demo_case/Oscillating_Loss_Case (model.h5 + config.pkl)"
FIXED = False
PRIMARY = ["oscillating_loss"]
FAULTS = ["oscillating_loss", "batch_too_small", "lr_too_high", "unnormalized_inputs"]
ALLOWED = ["dying_relu"]
MANIFESTS = True
PAIR = "at_demo_oscillating_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.blobs()
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
    fit = {"epochs": 5, "batch_size": 1}
    return Trial(model, x, y, val, fit)
