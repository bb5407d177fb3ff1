"""Raw breast-cancer table, BN MLP, softmax(1)."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_57397440_bug"
KIND = "MLP, binary"
SOURCE = "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/57397440), Stack Overflow 57397440"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "metric_loss_divergence", "unnormalized_inputs"]
ALLOWED = []
MANIFESTS = True
PAIR = "so_57397440_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.cancer()
    x, y, val = D.split(x, y.astype("float32"))
    model = keras.Sequential(
        [
            L.Input((30,)),
            L.Dense(30, activation="relu"),
            L.BatchNormalization(),
            L.Dense(60, activation="relu"),
            L.BatchNormalization(),
            L.Dense(1, activation="softmax"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 6, "batch_size": 32}
    return Trial(model, x, y, val, fit)
