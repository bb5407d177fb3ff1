"""Mistakes in layers and losses of one's own."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers

from demo.fault import Fault, classifier, regression, values_of_digits


class HandmadeGelu(layers.Layer):
    """Its derivative, by hand, has the wrong sign in one term."""

    def call(self, x: Any) -> Any:
        @tf.custom_gradient
        def gelu(x: Any) -> Any:
            share = tf.sigmoid(1.702 * x)
            return x * share, lambda upstream: upstream * share * (1 - 1.702 * x * (1 - share))

        return gelu(x)


class Squared(keras.losses.Loss):
    """Compares targets with answers, whatever their shapes."""

    def call(self, target: Any, answer: Any) -> Any:
        return tf.square(target - answer)


FAULTS = {
    "gradient-check": Fault(
        "derives its own activation function by hand, and gets a sign wrong",
        classifier(lambda: [layers.Dense(64), HandmadeGelu(), layers.Dense(32, activation="relu")]),
    ),
    "dimension-probe": Fault(
        "compares targets without a second axis with answers that have one",
        regression(lambda: (values_of_digits()[0], values_of_digits()[1][:, 0]), loss=Squared),
    ),
}
