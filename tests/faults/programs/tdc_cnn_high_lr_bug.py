"""SGD lr 0.5.

Changed from the source: digits; 16/32 filters and 256 units instead of 32/64/512.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tdc_cnn_high_lr_bug"
KIND = "CNN, multi-class"
SOURCE = (
    "TheDeepChecker synthetic program baseCNN_high_lr (SGD 0.5) (thedeepchecker/thedeepchecker "
    "buggy_synthetic_programs; TF1 original)"
)
FIXED = False
PRIMARY = ["lr_too_high"]
FAULTS = ["lr_too_high", "dying_relu", "oscillating_loss"]
ALLOWED = ["constant_variable", "exploding_gradient", "nan_loss", "vanishing_gradient"]
MANIFESTS = True
PAIR = "tdc_cnn_ok"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1400, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x, D.onehot(y, 10))

    def reg():
        return keras.regularizers.L2(1e-5)

    def ki():
        return keras.initializers.HeNormal()

    def cv(f, k):
        return L.Conv2D(f, k, padding="same", activation="relu", kernel_initializer=ki(), kernel_regularizer=reg())

    model = keras.Sequential(
        [
            L.Input((28, 28, 1)),
            cv(16, 5),
            L.MaxPooling2D(),
            cv(32, 3),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(256, activation="relu", kernel_initializer=ki(), kernel_regularizer=reg()),
            L.Dense(10, activation="softmax", kernel_regularizer=reg()),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.5), metrics=["accuracy"])
    fit = {"epochs": 6, "batch_size": 64}
    return Trial(model, x, y, val, fit)
