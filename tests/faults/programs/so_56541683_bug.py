"""RandomNormal(stddev=1) in every layer of a CNN regressor with a tanh output."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_56541683_bug"
KIND = "CNN, regression"
SOURCE = (
    "Stack Overflow 56541683 (listed in thedeepchecker pitfalls_data.csv: bad weight initialization: output of a "
    "CNN does not change with the input); re-created from the one-line description"
)
FIXED = False
PRIMARY = ["bad_init"]
FAULTS = ["bad_init", "lr_too_high"]
ALLOWED = ["constant_variable", "dying_relu", "exploding_gradient", "nan_loss", "saturated_activation"]
MANIFESTS = True
PAIR = "gh_facial_keypoints_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.keypoint_images(600, 24)
    x, y, val = D.split(x, y)

    def n():
        return keras.initializers.RandomNormal(stddev=1.0)

    model = keras.Sequential(
        [
            L.Input((24, 24, 1)),
            L.Conv2D(16, 3, 2, activation="relu", kernel_initializer=n()),
            L.Conv2D(32, 3, 2, activation="relu", kernel_initializer=n()),
            L.Flatten(),
            L.Dense(64, activation="relu", kernel_initializer=n()),
            L.Dense(2, activation="tanh", kernel_initializer=n()),
        ]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(1e-3))
    fit = {"epochs": 12, "batch_size": 32}
    return Trial(model, x, y, val, fit)
