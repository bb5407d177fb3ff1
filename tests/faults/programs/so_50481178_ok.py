"""10-20-30-40-50 relu pyramid."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_50481178_ok"
KIND = "MLP, binary"
SOURCE = (
    "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/50481178), Stack Overflow 50481178 "
    "(already trains)"
)
FIXED = True
PRIMARY = []
FAULTS = []
ALLOWED = []
MANIFESTS = False
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.tab_clf(1000, 4, 2)
    x, y, val = D.split(x, y.astype("float32"))
    model = keras.Sequential(
        [L.Input((4,))]
        + [L.Dense(u, activation="relu") for u in (10, 20, 30, 40, 50)]
        + [L.Dense(1, activation="sigmoid")]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 10}
    return Trial(model, x, y, val, fit)
