"""SGD 0.1 on targets up to 125."""

import numpy as np

from tests.faults.case import Trial

ID = "so_48934338_bug"
KIND = "MLP, regression"
SOURCE = "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/48934338), Stack Overflow 48934338"
FIXED = False
PRIMARY = ["lr_too_high"]
FAULTS = ["lr_too_high", "unnormalized_targets", "dying_relu", "wrong_metric", "constant_variable"]
ALLOWED = ["exploding_gradient", "nan_loss", "vanishing_gradient"]
MANIFESTS = True
PAIR = "so_48934338_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    r = np.random.default_rng(7)
    x = np.arange(0, 5, 0.1, dtype="float32")[:, None]
    y = (5 * x**2 + r.normal(size=x.shape) ** 3).astype("float32")
    x, y, val = np.tile(x, (10, 1)), np.tile(y, (10, 1)), None
    model = keras.Sequential(
        [
            L.Input((1,)),
            L.Dense(50),
            L.Activation("relu"),
            L.Dense(30, kernel_initializer="random_uniform"),
            L.Activation("relu"),
            L.Dense(1),
        ]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
