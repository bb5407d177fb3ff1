"""One SGD step per epoch."""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "dc_disable_batching_bug"
KIND = "CNN, multi-class"
SOURCE = (
    "DeepCrime mutation operator 'disable batching (batch = whole set)' (dlfaults/deepcrime operators) on its MNIST CNN"
)
FIXED = False
PRIMARY = ["batch_too_large"]
FAULTS = ["batch_too_large", "too_few_epochs", "underfitting", "lr_too_low"]
ALLOWED = []
MANIFESTS = True
PAIR = "dc_mnist_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1200, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x, y, 0.25)
    y, val = D.onehot(y, 10), (val[0], D.onehot(val[1], 10))
    model = keras.Sequential(
        [
            L.Input((28, 28, 1)),
            L.Conv2D(16, 3, activation="relu"),
            L.Conv2D(24, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.01), metrics=["accuracy"])
    fit = {"epochs": 8, "batch_size": len(x)}
    return Trial(model, x, y, val, fit)
