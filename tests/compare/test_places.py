"""The names of what is noted in a run."""

import keras
import numpy as np

from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tests.compare.building import layers, tensors


def test_calls_and_outputs_of_a_layer_have_names():
    inputs = keras.Input((5, 4))
    shared = layers.Dense(4, name="shared")
    sequence, state = layers.SimpleRNN(4, return_sequences=True, return_state=True, name="rnn")(shared(shared(inputs)))
    model = keras.Model(inputs, layers.Add(name="add")([sequence[:, -1], state]))
    names = run(model, Work(*tensors(np.ones((2, 5, 4), np.float32)))).layers()
    assert [name for name in names if "item" not in name] == ["shared", "shared#2", "rnn", "rnn[1]", "add"]
