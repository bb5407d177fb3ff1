"""Embedding + bidirectional GRU."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_bigru_tokens_ok"
KIND = "RNN, binary"
SOURCE = "reference program (ours)"
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

    x, y = D.sentiment_tokens(1200, 16, 100)
    x, y, val = D.split(x, y.astype("float32"))
    model = keras.Sequential(
        [
            L.Input((16,), dtype="int32"),
            L.Embedding(100, 16),
            L.Bidirectional(L.GRU(16)),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 12, "batch_size": 32}
    return Trial(model, x, y, val, fit)
