"""Conv1D+BN."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_45378493_fix"
KIND = "CNN, binary"
SOURCE = (
    "deepmufl benchmark (ali-ghanbari/deepmufl-ase-2023 Dataset/all-bugs/45378493), Stack Overflow 45378493 (sigmoid)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = "so_45378493_bug"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.waves(600, 10, 4, 2, seed=1)
    x, y, val = D.split(x, y.astype("float32"))
    model = keras.Sequential(
        [
            L.Input((10, 4)),
            L.Conv1D(16, 4, padding="same"),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dropout(0.2),
            L.Conv1D(8, 4, padding="same"),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dropout(0.2),
            L.Flatten(),
            L.Dense(64),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dense(1),
            L.Activation("sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 25, "batch_size": 128}
    return Trial(model, x, y, val, fit)
