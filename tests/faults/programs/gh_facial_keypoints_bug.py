"""CNN without activations, relu on signed keypoint targets.

Changed from the source: 24x24 synthetic keypoints.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "gh_facial_keypoints_bug"
KIND = "CNN, regression"
SOURCE = "DeepLocalize GitHub benchmark: ShyamPoovaiah/FacialKeypointsDetection (src/3_convolution_optimized.py)"
FIXED = False
PRIMARY = ["missing_nonlinearity", "wrong_last_activation"]
FAULTS = ["missing_nonlinearity", "wrong_last_activation", "loss_activation_mismatch", "lr_too_low", "wrong_metric"]
ALLOWED = ["dying_relu"]
MANIFESTS = True
PAIR = "gh_facial_keypoints_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.keypoint_images(700, 24)
    x, y, val = D.split(x, y)
    model = keras.Sequential(
        [
            L.Input((24, 24, 1)),
            L.Conv2D(16, 3),
            L.MaxPooling2D(),
            L.Dropout(0.5),
            L.Conv2D(32, 2),
            L.MaxPooling2D(),
            L.Dropout(0.3),
            L.Flatten(),
            L.Dense(100),
            L.Dense(100),
            L.Dense(2, activation="relu"),
        ]
    )
    model.compile(
        loss="mse",
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=1.0),
        metrics=["accuracy"],
    )
    fit = {"epochs": 20, "batch_size": 64}
    return Trial(model, x, y, val, fit)
