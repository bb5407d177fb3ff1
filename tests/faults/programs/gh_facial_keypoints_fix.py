"""Keypoint CNN regression."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "gh_facial_keypoints_fix"
KIND = "CNN, regression"
SOURCE = "FacialKeypointsDetection with relu conv layers and a linear output"
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "gh_facial_keypoints_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.keypoint_images(700, 24)
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((24, 24, 1)),
            L.Conv2D(16, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(32, 2, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(100, activation="relu"),
            L.Dense(2),
        ]
    )
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(1e-3), metrics=["mae"])
    fit = {"epochs": 20, "batch_size": 32}
    return Trial(model, x, y, val, fit)
