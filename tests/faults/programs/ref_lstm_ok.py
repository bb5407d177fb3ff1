"""LSTM sequence classifier."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_lstm_ok"
KIND = "RNN, multi-class"
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

    x, y = D.waves(700, 24, 1, 2)
    x, y, val = D.split(x, y)
    model = keras.Sequential([L.Input((24, 1)), L.LSTM(32), L.Dense(2, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
