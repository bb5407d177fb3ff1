"""11 exponential layers."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_circle_0eb8d545_bug"
KIND = "MLP, binary"
SOURCE = "AutoTrainer model Circle model_0eb8d545 (model facts via DeepDiagnosis/ICSE2022 'AUTOTRAINER Model Code')"
FIXED = False
PRIMARY = ["exploding_gradient"]
FAULTS = ["exploding_gradient", "nan_loss", "wrong_hidden_activation", "too_deep"]
ALLOWED = []
MANIFESTS = True
PAIR = "at_circle_seed_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y, val = D.circles()
    x, y = np.repeat(x, 4, 0), np.repeat(y, 4, 0)

    def vs():
        return keras.initializers.VarianceScaling(2.0, "fan_in", "uniform")

    model = keras.Sequential(
        [L.Input((2,))]
        + [m for _ in range(11) for m in (L.Dense(5, kernel_initializer=vs()), L.Activation("exponential"))]
        + [L.Dense(1, kernel_initializer=vs()), L.Activation("sigmoid")]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    fit = {"epochs": 20, "batch_size": 128}
    return Trial(model, x, y, val, fit)
