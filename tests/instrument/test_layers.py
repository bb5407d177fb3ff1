"""Which layers are measured, and under which path."""

import keras
import pytest
from keras import layers

from tb_nnhealth.instrument.layers import (
    activation_name,
    check_patterns,
    normalizes,
    select,
    sites,
    unit_axis,
    variable_paths,
)
from tests.instrument.zoo import CASES, Subclassed


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.backend.clear_session()


def test_nested_models_have_unique_paths() -> None:
    found = sites(CASES["nested_models"]().model)
    paths = [site.path for site in found]
    assert len(set(paths)) == len(paths) == 5
    assert all(site.is_leaf and len(site.variables) == 2 for site in found)


def test_a_shared_layer_is_one_site() -> None:
    assert [site.path for site in sites(CASES["shared_layer"]().model)].count("shared") == 1


def test_what_runs_in_a_loop_is_measured_as_one() -> None:
    found = sites(CASES["rnn_stack"]().model)
    kinds = [type(site.layer).__name__ for site in found if site.is_leaf]
    assert kinds.count("TimeDistributed") == 1 and kinds.count("GRU") == 1 and "LSTMCell" not in kinds


def test_variables_of_a_model_itself_are_no_leaf() -> None:
    model = Subclassed()
    model.build((None, 6))
    own = [site for site in sites(model) if not site.is_leaf]
    assert [v.name for site in own for v in site.variables] == ["scale"]


def test_every_variable_belongs_to_one_site() -> None:
    for name in ("sequential_cnn", "attention_block", "rnn_stack", "nested_models"):
        model = CASES[name]().model
        held = [id(v) for site in sites(model) for v in site.variables]
        assert sorted(held) == sorted({id(v) for v in model.weights}), name


def test_select() -> None:
    found = sites(CASES["dict_inputs_outputs"]().model)
    assert [s.path for s in select(found, ["first", "sec*"], None)] == ["first", "second"]
    assert "first" not in [s.path for s in select(found, None, ["first"])]
    assert select(found, None, None) == found
    with pytest.raises(ValueError, match=r"`exclude` should hold path patterns.*Received: exclude='x/\*'"):
        check_patterns(found, None, ["x/*"])
    check_patterns(found, ["first"], None)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (layers.Dense(1), None),
        (layers.Dense(1, "relu"), "relu"),
        (layers.Dense(1, keras.activations.tanh), "tanh"),
        (layers.ReLU(), "relu"),
        (layers.ReLU(max_value=6), "relu6"),
        (layers.ReLU(negative_slope=0.1), "leaky_relu"),
        (layers.Activation("sigmoid"), "sigmoid"),
        (layers.Softmax(), "softmax"),
        (layers.Dense(1, layers.LeakyReLU()), "leaky_relu"),
        (layers.Flatten(), None),
    ],
)
def test_activation_name(layer: keras.Layer, name: str | None) -> None:
    assert activation_name(layer) == name


def test_unit_axis_and_normalizers() -> None:
    assert unit_axis(layers.Conv2D(1, 1, data_format="channels_first")) == 1
    assert unit_axis(layers.Conv2D(1, 1, data_format="channels_last")) == unit_axis(layers.Dense(1)) == -1
    assert normalizes(layers.BatchNormalization()) and normalizes(layers.Rescaling(2.0))
    assert not normalizes(layers.Dense(1))


def test_variables_of_layers_with_one_name_have_paths_of_their_own() -> None:
    inner = keras.Input((6,))
    encoder = keras.Model(inner, layers.Dense(4, name="hidden")(inner), name="enc")
    code = keras.Input((4,))
    decoder = keras.Model(code, layers.Dense(6, name="hidden")(code), name="dec")
    outer = keras.Input((6,))
    found = sites(keras.Model(outer, decoder(encoder(outer))))
    assert [site.variable_paths for site in found] == [
        ("enc/hidden/kernel", "enc/hidden/bias"),
        ("dec/hidden/kernel", "dec/hidden/bias"),
    ]
    assert sorted(variable_paths(found).values()) == sorted(p for site in found for p in site.variable_paths)
