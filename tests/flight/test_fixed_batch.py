"""The size of batches that a model is made for."""

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth.flight.fixed_batch import fixed_batch, is_stateful


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, inputs):
        return self.dense(inputs)


def sequential(*given, examples=None, of=layers.Dense):
    """Returns a model of layers in a row, called with so many examples."""
    model = keras.Sequential([*given, of(2)])
    if examples is not None:
        model(np.zeros((examples, 4, 3), "float32"))
    return model


def loaded(model, path):
    model.save(path)
    return keras.models.load_model(path)


def stateful():
    return keras.Sequential([keras.Input(batch_shape=(5, 4, 3)), layers.LSTM(2, stateful=True)])


def called():
    model = Subclassed()
    model(np.zeros((4, 3), "float32"))
    return model


def joined(first, second, as_dict=False):
    """Returns a model of two inputs with these sizes of batches."""
    given = {"a": keras.Input((3,), first, name="a"), "b": keras.Input((3,), second, name="b")}
    return keras.Model(given if as_dict else list(given.values()), layers.Add()(list(given.values())))


@pytest.mark.parametrize(
    "model, size",
    [
        (lambda: keras.Sequential([keras.Input((3,), batch_size=6), layers.Dense(1)]), 6),
        (stateful, 5),
        (lambda: joined(7, 7), 7),
        (lambda: joined(None, 7), 7),
        (lambda: joined(None, 7, as_dict=True), 7),
        (lambda: joined(None, None), None),
        (lambda: keras.Sequential([keras.Input((3,)), layers.Dense(1)]), None),
        (lambda: keras.Sequential([layers.Dense(1)]), None),
        (Subclassed, None),
        (called, None),
    ],
    ids=["input", "stateful", "both", "the second", "dict", "none", "sequential", "not built", "subclassed", "called"],
)
def test_what_the_inputs_say(model, size):
    assert fixed_batch(model()) == size


@pytest.mark.parametrize("examples", [1, 7])
def test_what_keras_notes_of_the_first_batch_says_nothing(examples, tmp_path):
    model = sequential(examples=examples)
    assert model.inputs[0].shape[0] == examples and fixed_batch(model) is None
    assert fixed_batch(loaded(model, tmp_path / "model.keras")) is None


def test_the_first_batch_of_a_layer_with_a_state_for_each_example_does():
    model = sequential(examples=7, of=lambda units: layers.LSTM(units, stateful=True))
    assert fixed_batch(model) == 7


def test_a_state_for_each_example_is_a_layers():
    assert is_stateful(stateful()) and not is_stateful(called())
    assert not is_stateful(keras.Sequential([keras.Input(batch_shape=(5, 4, 3)), layers.LSTM(2)]))
