"""Raw 0-255 pixels, dropout 0.8 three times, logits into a probability loss.

Changed from the source: CIFAR-shaped digits; filters 24/48 instead of 64/128.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "uml_eval_a_bug"
KIND = "CNN, multi-class"
SOURCE = "UMLAUT user study program A (BerkeleyHCI/umlaut user_eval/eval_a.py)"
FIXED = False
PRIMARY = ["loss_activation_mismatch", "unnormalized_inputs", "excessive_dropout"]
FAULTS = [
    "loss_activation_mismatch",
    "unnormalized_inputs",
    "excessive_dropout",
    "wrong_last_activation",
    "underfitting",
]
ALLOWED = ["nan_loss"]
MANIFESTS = True
PAIR = "uml_eval_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(600, 32, 3, lo=0, hi=255)
    x, y, val = D.split(x, y[:, None])
    a = "relu"
    model = keras.Sequential(
        [
            L.Input((32, 32, 3)),
            L.Conv2D(24, 3, activation=a),
            L.Conv2D(24, 3, activation=a),
            L.MaxPooling2D(2),
            L.Dropout(0.8),
            L.Conv2D(48, 3, activation=a),
            L.Conv2D(48, 3, activation=a),
            L.MaxPooling2D(2),
            L.Dropout(0.8),
            L.Flatten(),
            L.Dense(128, activation=a),
            L.Dense(128, activation=a),
            L.Dropout(0.8),
            L.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3), loss=keras.losses.sparse_categorical_crossentropy, metrics=["accuracy"]
    )
    fit = {"epochs": 6, "batch_size": 128}
    return Trial(model, x, y, val, fit)
