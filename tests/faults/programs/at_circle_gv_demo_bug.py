"""8 narrow sigmoid layers, Adam 1e-3, batch 128.

Changed from the source: 440 updates instead of 1,650.
"""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "at_circle_gv_demo_bug"
KIND = "MLP, binary"
SOURCE = "AutoTrainer demo_case/Gradient_Vanish_Case (model.h5 + config.pkl)"
FIXED = False
PRIMARY = ["vanishing_gradient"]
FAULTS = ["vanishing_gradient", "too_deep"]
ALLOWED = ["saturated_activation"]
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
        + [m for _ in range(8) for m in (L.Dense(5, kernel_initializer=vs()), L.Activation("sigmoid"))]
        + [L.Dense(1, kernel_initializer=vs()), L.Activation("sigmoid")]
    )
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(1e-3), metrics=["accuracy"])
    fit = {"epochs": 20, "batch_size": 128}
    return Trial(model, x, y, val, fit)
