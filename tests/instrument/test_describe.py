"""What the manifest says of the model."""

import json
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.instrument.compiled import describe_compile
from tb_nnhealth.instrument.describe import describe_model, initial_facts
from tb_nnhealth.instrument.layers import sites
from tb_nnhealth.summary.writer import to_json
from tests.instrument.zoo import CASES, mlp, regression


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def test_layers_and_variables() -> None:
    model = regression("adam").model
    described = describe_model(model, sites(model), None, initial_facts(sites(model)))
    assert described["parameters"] == described["trainable_parameters"] == 41
    hidden, head = described["layers"]
    assert (hidden["class_name"], hidden["activation"], hidden["units"], hidden["parameters"]) == (
        "Dense",
        "relu",
        5,
        35,
    )
    assert head["activation"] is None
    kernel = described["variables"][0]
    assert (kernel["role"], kernel["shape"], kernel["fan_in"], kernel["fan_out"]) == ("kernel", [6, 5], 6, 5)
    assert kernel["initializer"] == "GlorotUniform" and kernel["layer"] == hidden["path"]
    value = np.array(model.trainable_variables[0], np.float64)
    assert kernel["initial"]["std"] == pytest.approx(value.std())
    assert kernel["initial"]["norm"] == pytest.approx(np.linalg.norm(value))
    assert kernel["initial"]["identical_units"] == 0 and not kernel["initial"]["constant"]
    assert described["variables"][1]["initial"] == {}


def test_fans_of_a_convolution() -> None:
    model = keras.Sequential([layers.Input((8, 8, 2)), layers.Conv2D(4, 3)])
    (kernel, _) = describe_model(model, sites(model), None, {})["variables"]
    assert (kernel["fan_in"], kernel["fan_out"]) == (2 * 9, 4 * 9)


def test_constant_and_identical_units() -> None:
    model = mlp()
    model.get_layer("hidden").kernel.assign(np.ones((6, 5)))
    kernel = np.arange(5.0).reshape(5, 1)
    model.get_layer("head").kernel.assign(kernel)
    hidden, head = initial_facts(sites(model)).values()
    assert hidden["constant"] and hidden["identical_units"] == 1.0
    assert not head["constant"] and np.isnan(head["identical_units"])


def test_what_a_frozen_kernel_is_like_before_the_first_step() -> None:
    model = CASES["frozen_layers"]().model
    described = describe_model(model, sites(model), None, initial_facts(sites(model)))
    frozen, _, trained, _ = described["variables"]
    value = np.array(model.non_trainable_variables[0], np.float64)
    assert frozen["initial"] == pytest.approx({"frozen_std": value.std(), "frozen_absmax": np.abs(value).max()})
    assert "frozen_std" not in trained["initial"]


def test_frozen_layers_are_told() -> None:
    model = CASES["frozen_layers"]().model
    described = describe_model(model, sites(model), None, {})
    assert [layer["trainable"] for layer in described["layers"]] == [False, True]
    assert [variable["trainable"] for variable in described["variables"]] == [False, False, True, True]
    assert described["trainable_parameters"] == 6


@pytest.mark.parametrize("name", CASES)
def test_every_case_can_be_told_in_json(name: str) -> None:
    model = CASES[name]().model
    described = {"compile": describe_compile(model, None), "model": describe_model(model, sites(model), None, {})}
    assert json.loads(to_json(described))["compile"]["dtype_policy"]


def test_a_penalty_on_the_weights_of_a_cell_is_the_recurrent_layers() -> None:
    for penalty in (None, "l2"):
        model = keras.Sequential([keras.Input((5, 2)), layers.GRU(3, recurrent_regularizer=penalty)])
        (recurrent,) = describe_model(model, sites(model), None, {})["layers"]
        assert recurrent["regularized"] is (penalty is not None)


class Scaled(layers.Layer):
    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(shape=shape[-1:], regularizer="l2")

    def call(self, x: Any) -> Any:
        return self.scale * x


def test_a_penalty_on_a_variable_of_ones_own_layer_is_the_layers() -> None:
    model = keras.Sequential([keras.Input((5,)), Scaled(), layers.Dense(2)])
    own, dense = describe_model(model, sites(model), None, {})["layers"]
    assert own["regularized"] and not dense["regularized"]
