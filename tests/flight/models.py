"""Small models and data for the tests of preflight."""

import keras
import numpy as np
from keras import layers


def classes(examples: int = 96, features: int = 8, number: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs `[examples, features]` and classes `[examples]` that can be told from them."""
    random = np.random.default_rng(0)
    labels = random.integers(0, number, examples)
    inputs = random.normal(size=(examples, features)) + 2 * np.eye(number, features)[labels]
    return inputs.astype("float32"), labels.astype("int32")


def classifier(*hidden: keras.Layer, compiled: bool = True) -> keras.Model:
    """Returns a classifier of `classes()`."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((8,)), *(hidden or (layers.Dense(16, "relu"),)), layers.Dense(3, activation="softmax")]
    )
    if compiled:
        model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
