"""Names of a model that was built twice in one process."""

import pytest

from tb_nnhealth.renumbering import earlier_names

FIRST = [("mlp/dense", "Dense"), ("mlp/dense_1", "Dense"), ("mlp/dropout", "Dropout")]


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        (
            FIRST, [("mlp/dense_9", "Dense"), ("mlp/dense_10", "Dense"), ("mlp/dropout_4", "Dropout")],
            {
                "mlp/dense_9/kernel": "mlp/dense/kernel", "mlp/dense_10": "mlp/dense_1", "mlp/dropout_4": "mlp/dropout",
                "prediction/dense_10": "prediction/dense_1", "mlp/dense_10#2": "mlp/dense_1#2", "": "",
                "Updates are too small": "Updates are too small",
            },
        ),
        ([("net/a_1", "Dense")], [("net/a_1", "Dense")], {"net/a_1/kernel": "net/a_1/kernel"}),
        (
            [("sequential/conv2d", "Conv2D"), ("sequential/bidirectional/forward_lstm", "LSTM")],
            [("sequential_1/conv2d_3", "Conv2D"), ("sequential_1/bidirectional_2/forward_lstm_2", "LSTM")],
            {
                "sequential_1/conv2d_3": "sequential/conv2d",
                "sequential_1/bidirectional_2/forward_lstm_2/lstm_cell/bias":
                    "sequential/bidirectional/forward_lstm/lstm_cell/bias",
            },
        ),
        (
            [("input_layer", "InputLayer")], [("input_layer_3", "InputLayer")],
            {"input/input_layer_3": "input/input_layer"},
        ),
        (
            [("m/dense_1", "Dense"), ("m/dense_2", "Dense")], [("m/dense_2", "Dense"), ("m/dense_3", "Dense")],
            {"m/dense_2": "m/dense_1", "m/dense_3": "m/dense_2"},
        ),
        ([("m/dense_0", "Dense")], [("m/dense_0", "Dense")], {"m/dense_0": "m/dense_0"}),
        ([("m/dense_4", "Dense")], [("m/dense", "Dense")], {"m/dense/bias": "m/dense_4/bias"}),
    ],
    ids=["numbered on", "own names", "each level", "inputs", "overlapping", "zero", "the other way"],
)  # fmt: skip
def test_numbers_of_keras_are_no_difference(before, after, places):
    earlier = earlier_names(before, after)
    assert {place: earlier(place) for place in places} == places


@pytest.mark.parametrize(
    "after",
    [
        [("mlp/dense_9", "Dense"), ("mlp/dense_10", "Dense")],
        [("mlp/dense_9", "Dense"), ("mlp/dense_10", "Dense"), ("mlp/dropout_4", "Dropout"), ("mlp/dense_11", "Dense")],
        [("mlp/dense_9", "Dense"), ("mlp/dropout_4", "Dropout"), ("mlp/dense_10", "Dense")],
        [("mlp/dense_9", "Dense"), ("mlp/dense_11", "Dense"), ("mlp/dropout_4", "Dropout")],
        [("mlp/dense_9", "EinsumDense"), ("mlp/dense_10", "Dense"), ("mlp/dropout_4", "Dropout")],
        [("mlp/block/dense_9", "Dense"), ("mlp/dense_10", "Dense"), ("mlp/dropout_4", "Dropout")],
        [("mlp/conv_9", "Dense"), ("mlp/dense_10", "Dense"), ("mlp/dropout_4", "Dropout")],
    ],
    ids=["fewer", "more", "order", "counted otherwise", "class", "nested", "name"],
)
def test_another_model_has_its_own_names(after):
    assert earlier_names(FIRST, after)("mlp/dense_9") == "mlp/dense_9"


def test_names_that_people_gave_are_not_renumbered():
    before, after = [("net/head_1", "Dense")], [("net/head_2", "Dense")]
    assert earlier_names(before, after)("net/head_2") == "net/head_2"


def test_of_a_model_that_keras_numbers():
    keras = pytest.importorskip("keras")

    def names():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.LayerNormalization()])
        return [(f"{model.name}/{layer.name}", type(layer).__name__) for layer in model.layers]

    before, after = names(), names()
    assert before != after
    earlier = earlier_names(before, after)
    assert [earlier(path) for path, _ in after] == [path for path, _ in before]
