"""Units that come and go, from sample to sample."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.vocabulary import DEAD_WINDOW

STEPS, BATCH = 14, 4

ACTIVE = {"first_only": {0}, "comes_back": {5}, "always": set(range(STEPS)), "never": set[int]()}
"""The steps in which each unit is active."""


@pytest.mark.slow
def test_a_unit_is_dead_that_was_silent_for_a_window_of_samples(tmp_path: Path) -> None:
    x = np.array([[float(step in steps) for steps in ACTIVE.values()] for step in range(STEPS)], np.float32)
    model = keras.Sequential([keras.Input((len(ACTIVE),)), layers.ReLU(name="units"), layers.Dense(1)])
    model.compile("sgd", "mse")
    rows = np.repeat(x, BATCH, axis=0)
    health = HealthCallback(tmp_path, sampling=1)
    model.fit(rows, np.ones((len(rows), 1)), batch_size=BATCH, shuffle=False, verbose=0, callbacks=[health])
    table = read_run(tmp_path).activations
    assert table.series("silent_unit_fraction", "units").tolist() == (1 - x).mean(axis=1).tolist()
    windows = [range(max(0, step - DEAD_WINDOW + 1), step + 1) for step in range(STEPS)]
    dead = [np.mean([not (set(window) & steps) for steps in ACTIVE.values()]) for window in windows]
    assert table.series("dead_unit_fraction", "units").tolist() == dead
    assert len(set(dead)) > 2
