"""10 relu outputs under categorical cross-entropy.

Changed from the source: digits; 16/32 filters, 256 units.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_47352366_bug"
KIND = "CNN, multi-class"
SOURCE = "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/47352366), Stack Overflow 47352366"
FIXED = False
PRIMARY = ["wrong_last_activation"]
FAULTS = ["wrong_last_activation", "loss_activation_mismatch", "nan_loss", "dying_relu", "exploding_gradient"]
ALLOWED = []
MANIFESTS = True
PAIR = "so_47352366_fix"
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(1500, 28, 1, lo=0, hi=1)
    x, y, val = D.split(x.reshape(len(x), 784), D.onehot(y, 10))
    b = keras.initializers.Constant(0.1)
    model = keras.Sequential(
        [
            L.Input((784,)),
            L.Reshape((28, 28, 1)),
            L.Conv2D(16, 5, padding="same", activation="relu", bias_initializer=b),
            L.MaxPooling2D(padding="same"),
            L.Conv2D(32, 5, padding="same", activation="relu", bias_initializer=b),
            L.MaxPooling2D(padding="same"),
            L.Reshape((1, 7 * 7 * 32)),
            L.Dense(256, activation="relu", bias_initializer=b),
            L.Dropout(0.5),
            L.Flatten(),
            L.Dense(10, activation="relu"),
        ]
    )
    model.compile(loss=keras.losses.categorical_crossentropy, optimizer="adam", metrics=["accuracy"])
    fit = {"epochs": 6, "batch_size": 50}
    return Trial(model, x, y, val, fit)
