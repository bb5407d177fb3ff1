"""RandomNormal(0.25) everywhere.

Changed from the source: digits; 16/32 filters and 256 units instead of 32/64/512; std 0.25 as in deepCNN_random.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "tdc_cnn_rand_init_bug"
KIND = "CNN, multi-class"
SOURCE = (
    "TheDeepChecker synthetic program deepCNN_random / baseCNN_random (arbitrary std) "
    "(thedeepchecker/thedeepchecker buggy_synthetic_programs; TF1 original)"
)
FIXED = False
PRIMARY = ["bad_init"]
FAULTS = ["bad_init", "dying_relu", "lr_too_high"]
ALLOWED = ["constant_variable", "exploding_gradient", "nan_loss"]
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
        return keras.initializers.RandomNormal(stddev=0.25)

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
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.SGD(0.1), metrics=["accuracy"])
    fit = {"epochs": 6, "batch_size": 64}
    return Trial(model, x, y, val, fit)
