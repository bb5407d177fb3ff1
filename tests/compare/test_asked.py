"""What cannot be compared is said in one sentence."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import compare_models
from tests.compare.building import dense, layers, rows


@pytest.fixture(scope="module")
def model():
    return dense()


def fails(match, *args, **options):
    with pytest.raises(ValueError, match=match) as error:
        compare_models(*args, **options)
    assert "Received" in str(error.value)


def test_models_of_another_kind(model):
    fails("`ours` should be a Keras model. Received: str", "model.keras", model, rows())
    fails("`reference` should be a Keras model, arrays by name", model, 3, rows())
    unbuilt = keras.Sequential([layers.Dense(5)])
    fails("`reference` should be a built model", model, unbuilt, rows())


def test_options_of_another_kind(model):
    fails("`weights` should be 'as_is' or 'copy'. Received: 'load'", model, model, rows(), weights="load")
    fails("`map` should be names", model, model, rows(), map=["dense"])


def test_a_batch_that_does_not_fit(model):
    x, y = rows()
    fails(
        "one that ours can be run on.*\\(32, 7\\).*expected axis -1 of input shape to have value 16",
        model,
        model,
        x[:, :7],
    )
    fails("one that ours can be run on", model, model, (x, np.ones((32, 3))))
    fails("same number of examples.*Received: 31 and 32", model, model, (x, y[:31]))
    fails("one at least. Received: 0", model, model, x[:0])
    fails("Received: 4 parts", model, model, (x, y, y, y))
    fails("`batch` should hold arrays. Received: object \\(ValueError: Attempt to convert", model, model, (object(), y))


def test_numbers_in_lists_are_no_arrays(model):
    x, y = rows()
    match = "`batch` should hold arrays, as `fit` takes them: numpy.array makes one of a list. Received: {}"
    fails(match.format("a list of numbers"), model, model, x.tolist())
    fails(match.format("a list of numbers"), model, model, (x, y.tolist()))
    fails(match.format("a single number"), model, model, (x, 3.0))


class Fills(layers.Layer):
    """Puts a zero where a number is missing."""

    def call(self, x):
        return tf.where(tf.math.is_nan(x), tf.zeros_like(x), x)


def test_a_batch_that_holds_nan(model):
    x, y = rows()
    x[3, 2:5] = [np.nan, np.inf, -np.inf]
    match = "`batch` should hold finite numbers.*Received: 3 of 512 numbers of x are NaN or infinite"
    fails(match, model, model, x)
    fails(match, model, model, (x, y))
    fails("32 of 32 numbers of sample_weight are", model, model, (rows()[0], y, np.full(32, np.nan)))
    filling = keras.Sequential([keras.Input((16,)), Fills(), layers.Dense(5)])
    x[3, 3:5] = np.nan
    assert compare_models(filling, filling, x).same


def test_targets_without_a_loss():
    bare = keras.Sequential([keras.Input((16,)), layers.Dense(5)])
    fails("expects that a model is compiled with a loss", bare, bare, rows())


def test_names_of_a_map(model):
    name = model.layers[0].name
    fails(f"'{name}x', which ours does not have \\(it has {name}", model, model, rows(), map={f"{name}x": name})
    fails("which the reference does not have", model, model, rows(), map={name: "nothing"})
    fails("same shape.*\\(32, 16\\).*\\(32, 5\\)", model, model, rows(), map={name: model.layers[-1].name})
    both = {name: model.layers[2].name, model.layers[1].name: model.layers[2].name}
    fails("should name each place once.* of the reference twice", model, model, rows(), map=both)
    fails("of another kind", model, model, rows(), map={name: f"{name}/kernel"})


def test_models_that_have_nothing_in_common(model):
    fails("layers whose outputs are of the same shape", model, {"fc": np.ones((3, 2))}, rows())
    fails("weights of the reference that fit ours", model, {"fc": np.ones((3, 2))}, rows(), weights="copy")
