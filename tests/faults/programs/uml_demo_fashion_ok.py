"""Flatten-Dense12-Dense10 on a from_logits loss."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "uml_demo_fashion_ok"
KIND = "MLP, multi-class"
SOURCE = "UMLAUT user_eval/eval_demo.py"
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

    x, y = D.digits(1600, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x[..., 0], y)
    model = keras.Sequential([L.Input((28, 28)), L.Flatten(), L.Dense(12, activation="relu"), L.Dense(10)])
    model.compile(
        optimizer=keras.optimizers.Adam(),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit = {"epochs": 25, "batch_size": 32}
    return Trial(model, x, y, val, fit)
