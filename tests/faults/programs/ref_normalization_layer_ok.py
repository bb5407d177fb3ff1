"""Raw table with an adapted Normalization layer in the model."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_normalization_layer_ok"
KIND = "MLP, regression"
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

    x, y = D.autompg_like(500)
    x, y, val = D.split(x, (y - 30) / 10)
    nl = L.Normalization()
    nl.adapt(x)
    model = keras.Sequential(
        [L.Input((9,)), nl, L.Dense(32, activation="relu"), L.Dense(32, activation="relu"), L.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mae")
    fit = {"epochs": 30, "batch_size": 16}
    return Trial(model, x, y, val, fit)
