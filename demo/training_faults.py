"""Mistakes that show while training: learning rates, initial values, precision, penalties, missing gradients."""

import keras
import numpy as np
from keras import layers, ops

from demo.fault import Fault, adam, classifier, dense, raw, regression, sgd, values_of_digits
from demo.training import Training, digits, start_afresh

Constant, RandomNormal = keras.initializers.Constant, keras.initializers.RandomNormal


class NegativePenalty(keras.regularizers.Regularizer):
    """A weight penalty with the wrong sign."""

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return -0.1 * ops.sum(ops.square(x))


def _logarithm_of_zero() -> list[keras.Layer]:
    return [
        layers.Dense(64, activation="relu"),
        layers.Lambda(ops.log, name="logarithm"),
        layers.Dense(32, activation="relu"),
    ]


def _rounded() -> list[keras.Layer]:
    return [
        layers.Dense(64, activation="sigmoid"),
        layers.Lambda(ops.round, name="binary_code"),
        layers.Dense(32, activation="relu"),
    ]


def _wrong_sign(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return -keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)


def _raw_digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = digits()
    return images, labels[:, None].astype("float32")


def _half_precision() -> Training:
    start_afresh()
    images, targets = values_of_digits()
    policy = "mixed_float16"
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(32, "relu", dtype=policy), layers.Dense(1, dtype=policy)]
    )
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3)), "mean_squared_error")
    return Training(model, images, 1e6 * targets)


def _decaying() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=10, decay_rate=0.5))


def _dropping() -> list[keras.Layer]:
    return [layer for units in (64, 32) for layer in (layers.Dense(units, activation="relu"), layers.Dropout(0.9))]


def _sparse() -> list[keras.Layer]:
    return [
        layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L1(0.05)),
        layers.Dense(32, activation="relu"),
    ]


def _normalized() -> list[keras.Layer]:
    pairs = [(layers.Dense(n), layers.BatchNormalization(momentum=0.9999), layers.ReLU()) for n in (64, 64, 32)]
    return [layer for pair in pairs for layer in pair]


def _linear() -> list[keras.Layer]:
    return []


FAULTS = {
    "nonfinite-values": Fault("takes the logarithm of a ReLU's zeros", classifier(_logarithm_of_zero)),
    "loss-scale-collapse": Fault("predicts millions in half precision", _half_precision),
    "weight-growth": Fault(
        "subtracts its weight penalty",
        classifier(dense(kernel_regularizer=NegativePenalty()), sgd(0.05)),
    ),
    "unbounded-loss": Fault("gives its loss the wrong sign", classifier(loss=lambda: _wrong_sign)),
    "large-bias": Fault(
        "starts the biases of tanh layers at 20", classifier(dense(activation="tanh", bias_initializer=Constant(20.0)))
    ),
    "non-gaussian-weights": Fault(
        "takes an L1 penalty that leaves few weights standing", classifier(_sparse, fit={"epochs": 16}), informs=True
    ),
    "activation-offset": Fault(
        "starts biases at 10, for no ReLU to die",
        classifier(dense(bias_initializer=Constant(10.0)), sgd(1e-4)),
    ),
    "weight-decay-dominates": Fault(
        "takes a weight decay of 100",
        classifier(optimizer=lambda: keras.optimizers.AdamW(1e-3, weight_decay=100.0)),
    ),
    "dead-units": Fault("starts biases far below zero", classifier(dense(bias_initializer=Constant(-20.0)))),
    "saturated-activation": Fault(
        "feeds raw grey levels to large tanh weights",
        classifier(dense(activation="tanh", kernel_initializer=RandomNormal(stddev=2.0)), prepare=raw),
    ),
    "activation-scale": Fault(
        "starts six layers from weights that are too small",
        classifier(dense([32] * 6, kernel_initializer=RandomNormal(stddev=0.02)), sgd(0.01)),
    ),
    "collapsed-output": Fault(
        "starts all weights from zero", classifier(dense(kernel_initializer="zeros", bias_initializer="zeros"))
    ),
    "vanishing-gradient": Fault("stacks ten sigmoid layers", classifier(dense([32] * 10, "sigmoid"), sgd(0.1))),
    "exploding-gradient": Fault(
        "regresses on raw grey levels, a little too fast", regression(_raw_digits, sgd(5e-4), hidden=_linear)
    ),
    "clipping-always": Fault(
        "clips the gradient's norm to a thousandth", classifier(optimizer=sgd(0.01, clipnorm=1e-3))
    ),
    "missing-gradient": Fault("rounds a hidden layer", classifier(_rounded)),
    "unchanged-variable": Fault("clips gradients to a billionth", classifier(optimizer=sgd(0.01, clipvalue=1e-9))),
    "low-update-ratio": Fault("has a learning rate of 1e-5", classifier(optimizer=sgd(1e-5))),
    "high-update-ratio": Fault("has a learning rate of 0.5", classifier(dense(activation="leaky_relu"), adam(0.5))),
    "learning-rate-schedule": Fault("halves the learning rate every ten steps", classifier(optimizer=_decaying)),
    "increasing-loss": Fault("has a learning rate with a minus sign", classifier(optimizer=sgd(-0.01))),
    "oscillating-loss": Fault(
        "has a learning rate of 10", classifier(dense(activation="tanh"), sgd(10.0, momentum=0.9))
    ),
    "stalled-loss": Fault(
        "scales images by an integer division, so that all are zero",
        classifier(dense(activation="tanh"), prepare=lambda images: images // 255),
    ),
    "still-improving": Fault("stops after eight slow epochs", classifier(optimizer=sgd(0.01)), informs=True),
    "train-eval-mismatch": Fault(
        "normalizes with moving averages that take ten thousand steps", classifier(_normalized, prepare=raw)
    ),
    "underfitting": Fault("drops nine of ten units in each layer", classifier(_dropping)),
}
