"""Where a loss brings targets and predictions together that differ in shape."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.gradients.broadcasts import Broadcast, broadcasts
from tb_nnhealth.flight.reading.sample import Sample


class Compared(keras.losses.Loss):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, target, answer):
        return self.function(target, answer)


@pytest.mark.parametrize(
    "function, shape, expected",
    [
        (lambda t, p: t - p, (7,), [Broadcast("Sub", (7,), (7, 1), (7, 7))]),
        (lambda t, p: tf.exp(p) * tf.sin(t), (7,), [Broadcast("Mul", (7,), (7, 1), (7, 7))]),
        (lambda t, p: t - p, (7, 1), []),
        (lambda t, p: t - p[:, 0], (7,), []),
        (
            lambda t, p: p * tf.cast(t == tf.transpose(t), "float32"),
            (7, 1),
            [Broadcast("Mul", (7, 7), (7, 1), (7, 7), True)],
        ),
    ],
)
def test_what_is_broadcast(function, shape, expected):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", Compared(function))
    x, y = np.ones((7, 3), "float32"), np.ones(shape, "float32")
    model._compile_loss.build(y, model(x))
    assert broadcasts(model, Sample(x, y), model(x)) == expected
