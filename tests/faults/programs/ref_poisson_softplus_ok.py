"""Count regression: softplus output with the poisson loss."""

import numpy as np

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_poisson_softplus_ok"
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

    r = np.random.default_rng(0)
    x = r.normal(size=(1200, 6)).astype("float32")
    lam = np.exp(0.8 * x[:, 0] - 0.5 * x[:, 1] + 1.0)
    y = r.poisson(lam).astype("float32")[:, None]
    x, y, val = D.split(x, y)
    model = keras.Sequential([L.Input((6,)), L.Dense(32, activation="relu"), L.Dense(1, activation="softplus")])
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="poisson")
    fit = {"epochs": 30, "batch_size": 32}
    return Trial(model, x, y, val, fit)
