"""Models whose layers or variables are not there yet when the training begins."""

import warnings

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, HealthWarning, read_run
from tests.instrument.training import unwarned

pytestmark = pytest.mark.slow


class MadeInBuild(keras.Model):
    """Makes its layers in `build`."""

    def build(self, shape):
        self.first = keras.layers.Dense(4, "relu", name="d1")
        self.second = keras.layers.Dense(1, name="d2")
        self.built = True

    def call(self, x):
        return self.second(self.first(x))


def _without_input(**options):
    return keras.Sequential([keras.layers.Dense(4, "relu", name="a", **options), keras.layers.Dense(1, name="b")])


def _fit(model, log_dir, **settings):
    keras.utils.set_random_seed(0)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    health = HealthCallback(log_dir, **settings)
    model.fit(x, x[:, :1], batch_size=8, epochs=2, verbose=0, callbacks=[health])
    return read_run(log_dir)


@pytest.mark.parametrize("pattern", ["a", "sequential*/a", "*/a"])
def test_patterns_hold_before_and_after_building(tmp_path, pattern):
    run = _fit(_without_input(), tmp_path, include=pattern)
    assert {row.split("/")[-2] for row in run.variables.rows} == {"a"}
    assert [row.split("/")[-1] for row in run.activations.rows] == ["a"]


def test_a_pattern_that_matches_nothing_is_said_once_the_layers_are_there(tmp_path):
    with pytest.warns(HealthWarning, match="matches none"):
        _fit(_without_input(), tmp_path, exclude="nowhere")


def test_layers_made_in_build_are_measured(tmp_path):
    with unwarned():
        run = _fit(MadeInBuild(), tmp_path)
    assert [row.split("/")[-1] for row in run.activations.rows] == ["d1", "d2"]


def test_the_values_before_the_first_step_are_known(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HealthWarning)
        run = _fit(_without_input(kernel_initializer=keras.initializers.Constant(0.05)), tmp_path)
    kernel = next(v for v in run.model.variables if v.path.endswith("a/kernel"))
    assert kernel.initial["constant"] and kernel.initial["identical_units"] == 1.0
