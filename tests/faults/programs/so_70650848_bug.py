"""Iris: scaler result discarded, one sigmoid unit, categorical cross-entropy."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_70650848_bug"
KIND = "MLP, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/70650848), Stack Overflow 70650848"
FIXED = False
PRIMARY = ["wrong_output_shape", "wrong_loss"]
FAULTS = [
    "wrong_output_shape",
    "wrong_loss",
    "loss_activation_mismatch",
    "wrong_last_activation",
    "unnormalized_inputs",
]
ALLOWED = ["constant_variable", "dying_relu"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.iris()
    x, y, val = D.split(x, y[:, None].astype("float32"), 0.3, 69)
    model = keras.Sequential(
        [
            L.Input((4,)),
            L.Dense(4, activation="relu"),
            L.BatchNormalization(),
            L.Dropout(0.3),
            L.Dense(4, activation="relu"),
            L.BatchNormalization(),
            L.Dropout(0.3),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["categorical_accuracy"])
    fit = {"epochs": 20, "batch_size": 16}
    return Trial(model, x, y, val, fit)
