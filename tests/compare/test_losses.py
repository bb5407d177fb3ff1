"""The losses of a run, against Keras."""

import keras
import numpy as np
import pytest

from tb_nnhealth.compare.running import run
from tb_nnhealth.compare.work import Work
from tests.compare.building import layers, tensors


def test_the_loss_counts_what_a_mask_leaves():
    model = keras.Sequential(
        [keras.Input((6,)), layers.Embedding(10, 4, mask_zero=True), layers.LSTM(3, return_sequences=True)]
    )
    model.compile("sgd", "mean_squared_error")
    x, y = np.array([[1, 2, 3, 0, 0, 0], [4, 5, 0, 0, 0, 0]]), np.ones((2, 6, 3), np.float32)
    values = run(model, Work(*tensors(x, y), loss_from=model)).values
    assert values["loss", "loss"] == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    assert np.any(values["into", "prediction"][0, :3]) and not np.any(values["into", "prediction"][0, 3:])
