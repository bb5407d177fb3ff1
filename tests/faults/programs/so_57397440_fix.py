"""BN MLP on breast cancer."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_57397440_fix"
KIND = "MLP, binary"
SOURCE = (
    "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/57397440), Stack Overflow 57397440 "
    "(sigmoid, standardized)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_57397440_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.cancer()
    x = D.standardize(x)
    x, y, val = D.split(x, y.astype("float32"))
    model = keras.Sequential(
        [
            L.Input((30,)),
            L.Dense(30, activation="relu"),
            L.BatchNormalization(),
            L.Dense(60, activation="relu"),
            L.BatchNormalization(),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 12, "batch_size": 32}
    return Trial(model, x, y, val, fit)
