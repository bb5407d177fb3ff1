"""A model that trains as it should: a small convolutional network on standardized images."""

import keras
from keras import layers

from demo.training import Training, digits, standardized, start_afresh


def build() -> Training:
    """Returns the healthy training."""
    start_afresh()
    images, labels = digits()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
            layers.Flatten(),
            layers.Dense(64, activation="relu", kernel_initializer="he_normal"),
            layers.Dropout(0.2),
            layers.Dense(10),
        ],
        name="healthy",
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return Training(model, standardized(images), labels)
