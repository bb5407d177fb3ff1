"""The graph of a training step's loss."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.gradients.traced import traced
from tb_nnhealth.flight.reading.sample import Sample


@pytest.mark.parametrize(
    "is_named, losses, targets",
    [
        (False, ["mse", None], lambda y: y),
        (False, ["mse", None], lambda y: [y, y]),
        (False, {"one": "mse", "two": None}, lambda y: {"one": y, "two": y}),
        (True, {"one": "mse"}, lambda y: y),
        (True, {"one": "mse"}, lambda y: {"one": y}),
        (True, {"one": "mse", "two": None}, lambda y: {"one": y}),
    ],
)
def test_an_output_without_a_loss(is_named, losses, targets):
    inputs = keras.Input((3,))
    one, two = (keras.layers.Dense(1, name=name)(inputs) for name in ("one", "two"))
    model = keras.Model(inputs, {"one": one, "two": two} if is_named else [one, two])
    model.compile("sgd", losses)
    x, y = np.random.default_rng(0).normal(size=(8, 3)).astype("float32"), np.ones((8, 1), "float32")
    found = traced(model, Sample(x, targets(y)))
    values = [variable.value for variable in found.variables]
    answers = x @ model.get_layer("one").kernel.numpy()
    assert float(found.function(values)) == pytest.approx(np.mean((answers - y) ** 2), rel=1e-5)
