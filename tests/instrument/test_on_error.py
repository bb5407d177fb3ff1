"""What a finding of severity error does while training, were judging and sampling as quick as can be.

What they take decides when they are next done: see the tests of the judge and of the schedule.
"""

import json
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, HealthError
from tb_nnhealth.instrument import judge
from tb_nnhealth.instrument.callback import HealthWarning
from tests.instrument.training import unwarned

pytestmark = pytest.mark.slow
EPOCHS = 40


@pytest.fixture(autouse=True)
def judging_takes_no_time(monkeypatch):
    monkeypatch.setattr(judge, "time", SimpleNamespace(perf_counter=lambda: 0.0))


def _data():
    generator = np.random.default_rng(0)
    return generator.normal(size=(1024, 8)).astype("float32"), generator.integers(0, 3, 1024)


def _model(learning_rate=0.0):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Input((8,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")]
    )
    model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
    return model


def _fit(model, health):
    return model.fit(*_data(), batch_size=32, epochs=EPOCHS, verbose=0, callbacks=[health])


@pytest.mark.parametrize("sampling", ["auto", 1, 10])
def test_stop_ends_a_training_that_cannot_learn(tmp_path, sampling):
    health = HealthCallback(tmp_path, on_error="stop", sampling=sampling, overhead=0.0)
    with pytest.warns(HealthWarning, match="training is stopped"):
        history = _fit(_model(), health)
    assert len(history.epoch) < EPOCHS


def test_raise_leaves_the_scorecard_behind(tmp_path):
    path = tmp_path / "new" / "scorecard.json"
    with pytest.raises(HealthError, match="unchanged-variable"):
        _fit(_model(), HealthCallback(tmp_path / "run", on_error="raise", scorecard_path=path, overhead=0.0))
    assert json.loads(path.read_text())["findings"]


def test_a_callback_used_again_acts_again(tmp_path):
    health = HealthCallback(tmp_path, on_error="stop", overhead=0.0)
    for _ in range(2):
        with pytest.warns(HealthWarning, match="training is stopped"):
            assert len(_fit(_model(), health).epoch) < EPOCHS


def test_a_healthy_training_goes_on(tmp_path):
    x, _ = _data()
    health = HealthCallback(tmp_path, on_error="stop", overhead=0.0)
    with unwarned():
        history = _model(0.1).fit(x, (x[:, 0] > 0).astype(int), epochs=8, verbose=0, callbacks=[health])
    assert len(history.epoch) == 8


def test_costs_are_known_where_every_step_is_sampled(tmp_path):
    from tb_nnhealth import read_run

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HealthWarning)
        _fit(_model(), HealthCallback(tmp_path, sampling=1))
    assert read_run(tmp_path).costs["training"] > 0
