"""Raw CIFAR pixels, batch 500, 5 epochs.

Changed from the source: 24/64 filters, 256 units.
"""

from tests.faults.case import Trial
from tests.faults.programs import _data as D

ID = "so_48594888_bug"
KIND = "CNN, multi-class"
SOURCE = "DeepLocalize benchmark (Wardat-ISU/DeepLocalize Benchmark/StackOverflow/48594888), Stack Overflow 48594888"
FIXED = False
PRIMARY = ["unnormalized_inputs", "batch_too_large"]
FAULTS = ["unnormalized_inputs", "batch_too_large", "too_few_epochs"]
ALLOWED = ["dying_relu", "exploding_gradient"]
MANIFESTS = True
PAIR = None
SEED = 0


def build() -> Trial:
    import keras
    from keras import layers as L

    x, y = D.digits(900, 32, 3)
    x, y, val = D.split(x, D.onehot(y, 10))
    model = keras.Sequential(
        [
            L.Input((32, 32, 3)),
            L.Conv2D(24, 3, activation="relu", kernel_initializer="he_normal"),
            L.MaxPooling2D(),
            L.Conv2D(64, 3, activation="relu", kernel_initializer="he_normal"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(256, activation="relu"),
            L.Dropout(0.3),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    fit = {"epochs": 5, "batch_size": 500}
    return Trial(model, x, y, val, fit)
