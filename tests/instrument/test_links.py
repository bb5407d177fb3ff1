"""From which layer each layer takes its input, as the traced step shows it."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth import HealthCallback
from tb_nnhealth.reader import read_run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_links_pass_through_a_layer_that_is_not_measured(activation: str, tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu", name="first"),
            layers.Dense(4, name="second"),  # TensorFlow fuses it with a tanh behind it, and not with a ReLU.
            layers.Activation(activation, name="function"),
            layers.Dense(1, name="head"),
        ]
    )
    model.compile("adam", "mean_squared_error")
    model.fit(np.ones((64, 6)), np.ones((64, 1)), verbose=0, callbacks=[HealthCallback(tmp_path)])
    facts = read_run(tmp_path / "health").model
    found = {layer.path.split("/")[-1]: layer for layer in facts.layers}
    assert list(found) == ["first", "second", "function", "head"]
    before = [[row.split("/")[-1] for row in layer.inputs] for layer in found.values()]
    assert before == [["input_layer"], ["first"], ["second"], ["function"]]
    assert bool(found["second"].rows) is (activation == "relu")
    assert facts.layer_of_row(found["function"].inputs[0]) == found["second"]


@pytest.mark.parametrize(("scale", "source"), [(1, ["input/pixels"]), (255, [])])
def test_links_pass_a_cast_and_not_what_computes(scale: float, source: list[str], tmp_path: Path) -> None:
    inputs = keras.Input((4,), dtype="uint8", name="pixels")
    numbers = keras.ops.cast(inputs, "float32")
    hidden = layers.Dense(3, name="first")(numbers / scale if scale != 1 else numbers)
    model = keras.Model(inputs, layers.Dense(1, name="head")(hidden))
    model.compile("adam", "mean_squared_error")
    model.fit(np.ones((64, 4), "uint8"), np.ones((64, 1)), verbose=0, callbacks=[HealthCallback(tmp_path)])
    found = {layer.path: list(layer.inputs) for layer in read_run(tmp_path / "health").model.layers}
    assert found == {"first": source, "head": ["first"]}
