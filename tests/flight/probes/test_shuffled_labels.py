"""shuffled-labels: what it measures, and how its rule judges it, of models and data of known verdict."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.flight.probes.shuffled_labels import are_ids
from tests.flight.flying import each, flown
from tests.flight.zoo.shuffled_labels import FLIGHTS

RULE = "shuffled-labels"


@each(FLIGHTS)
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)


@pytest.mark.slow
def test_noise_that_repeats_does_not_pass():
    told = flown(RULE, next(flight for flight in FLIGHTS if "examples that repeat" in flight.name))
    assert told.status == "no_data" and "of 50 held-out examples" in told.reason


class Looked(layers.Layer):
    """Takes rows of its own by the numbers that it is given."""

    def call(self, ids):
        return keras.ops.one_hot(ids, 9)


def numbers(dtype, *shape):
    return np.ones((4, *shape), dtype)


@pytest.mark.parametrize(
    "x, first, expected",
    [
        (numbers("uint8", 8, 8, 1), layers.Rescaling(1 / 255), False),
        (numbers("uint8", 64), layers.Rescaling(1 / 255), False),
        (numbers("int64", 8), layers.Rescaling(1 / 255), False),
        (numbers("int32", 5), layers.Embedding(9, 2), True),
        (numbers("uint8", 5), layers.Embedding(9, 2), True),
        (numbers("int32", 3, 5), layers.Embedding(9, 2), True),
        (numbers("uint8", 8, 8, 1), layers.Embedding(9, 2), False),
        (numbers("float32", 5), layers.Embedding(9, 2), False),
        (numbers("int32", 5), Looked(), True),
    ],
)
def test_ids_are_whole_numbers_that_something_is_looked_up_by(x, first, expected):
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype.name), first, layers.Flatten(), layers.Dense(1)])
    assert are_ids(x, model) == are_ids(x, keras.Sequential([model])) == expected


def test_ids_may_be_looked_up_by_a_function_and_words_are_ids():
    ids = keras.Input((5,), dtype="int32")
    model = keras.Model(ids, layers.Dense(1)(layers.Flatten()(keras.ops.one_hot(ids, 9))))
    assert are_ids(numbers("int32", 5), model)
    assert are_ids(np.array([["good"], ["bad"]]), keras.Sequential([keras.Input((1,)), layers.Dense(1)]))
