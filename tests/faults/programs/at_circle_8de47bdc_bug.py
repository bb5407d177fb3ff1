"""8 relu layers initialised with RandomUniform(+-0.05)."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_circle_8de47bdc_bug"
KIND = "MLP, binary"
SOURCE = "AutoTrainer model Circle model_8de47bdc (model facts via DeepDiagnosis/ICSE2022 'AUTOTRAINER Model Code')"
FIXED = False
PRIMARY = ["bad_init"]
FAULTS = ["bad_init", "vanishing_gradient", "dying_relu", "too_deep", "constant_variable"]
ALLOWED = ["exploding_gradient"]
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
        + [m for _ in range(8) for m in (L.Dense(5, kernel_initializer="random_uniform"), L.Activation("relu"))]
        + [L.Dense(1, kernel_initializer=vs()), L.Activation("sigmoid")]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    fit = {"epochs": 20, "batch_size": 128}
    return Trial(model, x, y, val, fit)
