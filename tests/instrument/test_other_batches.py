"""Batches of another kind than before, and more of them than an epoch has: trained on as without the callback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.instrument import instruments, rehearsal
from tests.instrument.training import unwarned
from tests.instrument.zoo import flat, mlp, numbers

pytestmark = pytest.mark.slow


def same_weights(train: Callable[[list[Any]], keras.Model], tmp_path: Path, **settings: Any) -> None:
    """Holds a training with the callback against one without."""

    def trained(callbacks: list[Any]) -> keras.Model:
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        with unwarned("HealthCallback could not"):
            return train(callbacks)

    plain, measured = trained([]), trained([HealthCallback(tmp_path, **settings)])
    for ours, theirs in zip(measured.variables, plain.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), ours.path)


class TwoInputs(keras.Model):
    """Adds what a second layer makes of a second input, where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = layers.Dense(4), layers.Dense(4), layers.Dense(1)
        for layer, width in ((self.first, 6), (self.second, 6), (self.head, 4)):
            layer.build((None, width))
        self.built = True

    def call(self, inputs: Any) -> Any:
        hidden = self.first(inputs["a"])
        return self.head(hidden + self.second(inputs["b"]) if "b" in inputs else hidden)


@pytest.mark.parametrize("sampling", [1, 5])
@pytest.mark.parametrize("with_xla", [True, False])
def test_an_input_that_only_the_second_fit_has(with_xla: bool, sampling: int, tmp_path: Path) -> None:
    def train(callbacks: list[Any]) -> keras.Model:
        model = TwoInputs()
        model.compile("adam", "mse", jit_compile=with_xla)
        for x in ({"a": flat()}, {"a": flat(), "b": flat()[::-1]}):
            model.fit(x, numbers(), batch_size=8, verbose=0, callbacks=callbacks)
        return model

    same_weights(train, tmp_path, sampling=sampling)
    assert read_run(tmp_path).steps == 6


def test_two_kinds_in_turn_are_rehearsed_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = []

    def counted(*arguments: Any) -> Any:
        kinds.append(arguments[-1].element_spec)
        return rehearsal.rehearse(*arguments)

    monkeypatch.setattr(instruments, "rehearse", counted)

    def train(callbacks: list[Any]) -> keras.Model:
        model = TwoInputs()
        model.compile("adam", "mse", jit_compile=False)
        for x in 2 * ({"a": flat()}, {"a": flat(), "b": flat()[::-1]}):
            model.fit(x, numbers(), batch_size=8, verbose=0, callbacks=callbacks)
        return model

    same_weights(train, tmp_path, sampling=1)
    assert len(kinds) == 2 and kinds[0] != kinds[1]
    assert read_run(tmp_path).samples == 12


@pytest.mark.parametrize("guard", [True, False])
@pytest.mark.parametrize("with_xla", [True, False])
def test_steps_that_run_as_one_behind_the_end_of_an_epoch(with_xla: bool, guard: bool, tmp_path: Path) -> None:
    """Of endless data Keras takes as many batches as run as one, however many steps the epoch has left."""

    def train(callbacks: list[Any]) -> keras.Model:
        model = mlp()
        model.compile("adam", "mse", jit_compile=with_xla, steps_per_execution=4)
        data = tf.data.Dataset.from_tensor_slices((flat(24), numbers(24))).batch(8).repeat()
        model.fit(data, steps_per_epoch=10, epochs=2, verbose=0, callbacks=callbacks)
        return model

    same_weights(train, tmp_path, sampling=1, guard=guard)
    assert read_run(tmp_path).steps == 24


class OwnLogs(keras.Model):
    """Its own step logs what a callback of its owner reads."""

    def __init__(self, log: Callable[[Any], dict[str, Any]]) -> None:
        super().__init__()
        self.head, self._log = layers.Dense(1), log

    def call(self, inputs: Any) -> Any:
        return self.head(inputs)

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x, training=True) - y) ** 2, 0)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._log(loss)


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize(
    "log",
    [
        lambda loss: {"phase": tf.constant("warm-up")},
        lambda loss: {"loss": tf.concat([loss, loss], 0)},
        lambda loss: {"phase": tf.constant("warm-up"), "mse": loss[0]},
    ],
)
def test_logs_that_are_no_numbers(log: Callable[[Any], dict[str, Any]], run_eagerly: bool, tmp_path: Path) -> None:
    def train(callbacks: list[Any]) -> keras.Model:
        model = OwnLogs(log)
        model.compile("adam", run_eagerly=run_eagerly)
        model.fit(tf.data.Dataset.from_tensors((flat(8), numbers(8))).repeat(4), verbose=0, callbacks=callbacks)
        return model

    same_weights(train, tmp_path, sampling=1)
    assert read_run(tmp_path).samples > 0
