"""Mistakes in the definition of a model, its loss and its metrics."""

import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_diabetes

from demo.fault import Fault, adam, classifier, dense, ending, logits, regression, sgd, values_of_digits
from demo.training import Training, digits, standardized, start_afresh


class SquaredError(keras.losses.Loss):
    """A loss of one's own: of targets `[n]` and predictions `[n, 1]` it makes a matrix of differences `[n, n]`."""

    def call(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


def _numbers() -> tuple[np.ndarray, np.ndarray]:
    images, labels = digits()
    return standardized(images), labels.astype("float32") / 10


def _disease() -> tuple[np.ndarray, np.ndarray]:
    data = load_diabetes()
    scaled = data.data / data.data.std(axis=0)
    return scaled.astype("float32"), data.target.astype("float32")[:, None]


def _even(labels: np.ndarray) -> np.ndarray:
    return (labels % 2 == 0).astype("float32")[:, None]


def _two_outputs() -> Training:
    """Returns the training of two outputs, a class and a price in pounds, whose losses are simply added."""
    start_afresh()
    images, labels = digits()
    inputs = keras.Input((64,))
    hidden = layers.Dense(32, activation="relu")(inputs)
    outputs = {"digit": layers.Dense(10, name="digit")(hidden), "price": layers.Dense(1, name="price")(hidden)}
    model = keras.Model(inputs, outputs)
    of_digit = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), {"digit": of_digit, "price": "mean_squared_error"})
    return Training(model, standardized(images), {"digit": labels, "price": 1e4 * labels[:, None].astype("float32")})


def _two_softmaxes() -> list[keras.Layer]:
    return [layers.Dense(10, activation="softmax"), layers.Softmax()]


def _strong_dropout() -> list[keras.Layer]:
    return [layers.Dense(32, activation="relu"), layers.Dropout(0.98), layers.Dense(32, activation="relu")]


FAULTS = {
    "loss-label-mismatch": Fault(
        "gives targets of one axis to a loss of its own", regression(_numbers, loss=SquaredError)
    ),
    "loss-activation-mismatch": Fault(
        "has a softmax over a single unit",
        classifier(head=ending(1, "softmax"), loss=keras.losses.BinaryCrossentropy, label=_even),
    ),
    "output-range": Fault(
        "predicts numbers from 0 to 9 with a sigmoid", regression(values_of_digits, activation="sigmoid")
    ),
    "duplicate-activation": Fault(
        "adds a softmax layer behind a softmax",
        classifier(optimizer=sgd(0.01), head=_two_softmaxes, loss=keras.losses.SparseCategoricalCrossentropy),
    ),
    "missing-nonlinearity": Fault("forgets the activation functions", classifier(dense((64, 32), None))),
    "metric-loss-mismatch": Fault(
        "watches the accuracy of a regression", regression(values_of_digits, metrics=["accuracy"]), informs=True
    ),
    "saturating-hidden-activation": Fault(
        "uses sigmoids throughout", classifier(dense([32] * 5, "sigmoid"), sgd(0.01))
    ),
    "deep-plain-network": Fault("stacks twenty ReLU layers", classifier(dense([16] * 20), sgd(0.01))),
    "dropout-placement": Fault("takes the share to keep for the share to drop", classifier(_strong_dropout, sgd(0.01))),
    "frozen-variables": Fault("freezes the whole model", classifier(trainable=False)),
    "learning-rate-value": Fault("leaves the learning rate of Adam at 1", classifier(optimizer=adam(1.0))),
    "layer-width": Fault("lets ten classes pass through one unit", classifier(dense((64, 1))), informs=True),
    "loss-weights": Fault("adds a squared price to a cross-entropy", _two_outputs),
    "target-scale": Fault("predicts a disease's progress on its raw scale", regression(_disease, adam())),
    "metric-disagrees": Fault(
        "reads the accuracy of a softmax over a single unit",
        classifier(head=ending(1, "softmax"), loss=keras.losses.BinaryCrossentropy, label=_even),
    ),
    "poor-initialization": Fault(
        "starts every weight from the same constant",
        classifier(dense(kernel_initializer=keras.initializers.Constant(0.05))),
    ),
    "few-samples": Fault("trains from scratch on 144 examples of each class", classifier(head=logits), informs=True),
}
