"""Layers that a training step of one's own calls in loops and branches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.records import HealthRun
from tests.instrument.training import assert_same_bits, unwarned
from tests.instrument.zoo import flat, numbers

pytestmark = pytest.mark.slow

ROWS, STEPS = 32, 4


class Own(keras.Model):
    """Predicts by a function of its own, in the training step."""

    def __init__(self, predict: Callable[["Own", tf.Tensor], tf.Tensor]) -> None:
        super().__init__()
        self.hidden = layers.Dense(8, "tanh", name="hidden")
        self.head = layers.Dense(1, name="head")
        self.hidden.build((None, 6))
        if predict is either:
            self.other = layers.Dense(8, "tanh", name="other")
            self.other.build((None, 6))
        self.head.build((None, 8))
        self.built = True
        self.predict_so = predict

    def call(self, inputs: Any) -> Any:
        return self.head(self.hidden(inputs))

    def gradients(self, x: Any, y: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self.predict_so(self, x))
        return loss, tape.gradient(loss, self.trainable_variables)

    def train_step(self, data: Any) -> dict[str, Any]:
        loss, gradients = self.gradients(*data)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class Microbatches(Own):
    """Adds the gradients of a batch's examples up in a loop."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data

        def add(i: tf.Tensor, loss: tf.Tensor, sums: list[tf.Tensor]) -> Any:
            more, gradients = self.gradients(x[i : i + 1], y[i : i + 1])
            return i + 1, loss + more, [s + g for s, g in zip(sums, gradients, strict=True)]

        sums = [tf.zeros(v.shape) for v in self.trainable_variables]
        _, loss, sums = tf.while_loop(lambda i, *_: i < 4, add, (tf.constant(0), tf.constant(0.0), sums))
        self.optimizer.apply(sums, self.trainable_variables)
        return {"loss": loss}


def branch(model: Own, x: tf.Tensor) -> tf.Tensor:
    return tf.cond(tf.reduce_sum(x) < 1e6, lambda: model(x), lambda: 2.0 * model(x))


def each_example(model: Own, x: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(lambda row: model(row[None])[0], x)


def loop(model: Own, x: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(lambda i, p: i < 3, lambda i, p: (i + 1, tf.tanh(model(x)) * p), (0, tf.ones([8, 1])))[1]


def either(model: Own, x: tf.Tensor) -> tf.Tensor:
    """One layer or the other, by the first number."""
    hidden = tf.cond(x[0, 0] > 0, lambda: model.hidden(x), lambda: model.other(x))
    return model.head(hidden)


def straight(model: Own, x: tf.Tensor) -> tf.Tensor:
    return model(x)


def measured(log_dir: Path, make: Callable[[], keras.Model], x: np.ndarray, **how: Any) -> HealthRun:
    """Trains with every step sampled, holds that against a training without, and returns what was read."""

    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = make()
        model.compile("adam", "mse", **how)
        model.fit(x, numbers(ROWS), batch_size=8, shuffle=False, verbose=0, callbacks=list(callbacks))
        return [v.numpy() for v in model.variables]

    with unwarned("HealthCallback"):
        ours = trained(HealthCallback(log_dir, sampling=1))
    assert_same_bits(ours, trained())
    run = read_run(log_dir)
    assert run.samples == STEPS and run.finished and not run.problems
    return run


@pytest.mark.parametrize(
    ("predict", "jit_compile"), [(branch, False), (branch, True), (each_example, False), (loop, False)]
)
def test_in_a_loop_or_branch_only_the_flow_is_not_seen(tmp_path: Path, predict: Any, jit_compile: bool) -> None:
    run = measured(tmp_path, lambda: Own(predict), flat(ROWS), jit_compile=jit_compile)
    assert np.isfinite(run.activations.series("activation_rms", "hidden")).all()
    assert np.isnan(run.activations.series("output_gradient_rms", "hidden")).all()
    assert (run.variables.series("gradient_norm", "hidden/kernel") > 0).all()
    assert (run.variables.series("update_norm", "hidden/kernel") > 0).all()


def test_where_the_gradient_is_taken_in_the_loop_the_flow_is_seen(tmp_path: Path) -> None:
    run = measured(tmp_path, lambda: Microbatches(straight), flat(ROWS), jit_compile=False)
    assert (run.activations.series("output_gradient_rms", "hidden") > 0).all()


def test_a_branch_that_is_not_taken_shows_nothing(tmp_path: Path) -> None:
    x = flat(ROWS)
    x[::8, 0] = [1.0, -1.0, 1.0, -1.0]
    run = measured(tmp_path, lambda: Own(either), x, jit_compile=False)
    taken = {name: np.isfinite(run.activations.series("activation_rms", name)).tolist() for name in ("hidden", "other")}
    assert taken == {"hidden": [True, False] * 2, "other": [False, True] * 2}
