"""One linear Dense layer on linear data (no nonlinearity is needed)."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "ref_linear_regression_ok"
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

    x, y = D.tab_reg(800, 8)
    x, y, val = D.split(D.standardize(x), D.standardize(y))
    model = keras.Sequential([L.Input((8,)), L.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", metrics=["mae"])
    fit = {"epochs": 15, "batch_size": 32}
    return Trial(model, x, y, val, fit)
