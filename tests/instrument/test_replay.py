"""The replay measures a step that XLA compiles, and leaves nothing behind."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, HealthWarning, read_run
from tb_nnhealth.instrument.evidence import Evidence
from tb_nnhealth.instrument.replay import Replay, needs_replay
from tb_nnhealth.instrument.state import State
from tb_nnhealth.instrument.taking import take
from tests.instrument.test_taking import batches, failing_at, sizes
from tests.instrument.training import unwarned
from tests.instrument.zoo import flat, mlp, numbers


def prepared(measured: Callable[[Any], None], *variables: tf.Variable) -> Replay:
    replay = Replay(measured)
    replay.prepare(State(variables))
    return replay


@pytest.mark.parametrize("fails", [False, True])
def test_it_takes_back_what_the_step_changed(fails: bool) -> None:
    weight, counter, seen = tf.Variable([1.0, 2.0]), tf.Variable(7, dtype=tf.int64), []

    def measured(iterator: Any) -> None:
        seen.extend(len(x) for x, _ in iterator)
        weight.assign([np.nan, 5.0])
        counter.assign_add(1)
        if fails:
            raise RuntimeError("in the middle of it")

    replay = prepared(measured, weight, counter)
    taken = take(batches(4, 3), 2)
    assert taken.batches is not None
    if fails:
        with pytest.raises(RuntimeError, match="in the middle of it"):
            replay.run(taken.batches)
    else:
        replay.run(taken.batches)
    assert seen == [4, 3]
    np.testing.assert_array_equal(weight.numpy(), [1.0, 2.0])
    assert counter.numpy() == 7
    assert sizes(taken) == [4, 3]  # The batches are there for the step that counts.


def test_a_step_run_again_leaves_variables_as_they_are_that_it_does_not_take() -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    kernel, bias = (variable.value for variable in model.variables)
    evidence = Evidence(model, (tf.ones([4, 2]), tf.ones([4, 1])))
    evidence.keep(evidence.tensors)
    began = kernel.numpy()
    kernel.assign_add([[1.0], [1.0]])
    bias.assign([3.0])
    found = []
    prepared(lambda iterator: found.append((kernel.numpy(), bias.numpy())), kernel).run_again(evidence)
    np.testing.assert_array_equal(found[0][0], began)
    assert found[0][1] == [0.0]
    np.testing.assert_array_equal(kernel.numpy(), began + 1)
    assert bias.numpy() == [3.0]


@pytest.mark.slow
def test_what_a_batch_is_waited_for_is_no_cost_of_a_sample(tmp_path: Path) -> None:
    def slowly() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(10):
            time.sleep(0.5)
            yield flat(4), numbers(4)

    signature = (tf.TensorSpec((4, 6)), tf.TensorSpec((4, 1)))
    model = mlp(1)
    model.compile("adam", "mse", jit_compile=True)
    health = HealthCallback(tmp_path, sampling=1, guard=False)
    model.fit(tf.data.Dataset.from_generator(slowly, output_signature=signature), verbose=0, callbacks=[health])
    assert read_run(tmp_path).costs["training"] > 3.0


class CompiledStep(keras.Model):
    """Its own `train_step` is compiled by XLA, and counts itself in a variable that Keras does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.normal, self.head = layers.Dense(4, "sigmoid"), layers.BatchNormalization(), layers.Dense(1)
        self.steps_taken = tf.Variable(0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.head(self.normal(self.hidden(inputs), training=training))

    @tf.function(jit_compile=True)
    def train_step(self, data: Any) -> Any:
        x, y = data
        self.steps_taken.assign_add(1)
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}, {"jit_compile": True, "run_eagerly": True}])
def test_only_what_xla_compiles_is_replayed(how: dict[str, bool]) -> None:
    model = mlp()
    model.compile("sgd", "mse", **({"jit_compile": False} | how))
    assert needs_replay(model) == (how == {"jit_compile": True})


def trained(make: Callable[[], keras.Model], *callbacks: Any, rows: int = 44) -> tuple[keras.Model, Any]:
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    model = make()
    with unwarned("HealthCallback could not"):
        history = model.fit(flat(rows), numbers(rows), batch_size=8, epochs=2, verbose=0, callbacks=list(callbacks))
    return model, history.history


def compiled_step() -> keras.Model:
    model = CompiledStep()
    model.compile("adam", "mse", jit_compile=False)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("guard", [True, False])
def test_a_train_step_that_is_compiled_by_itself(guard: bool, tmp_path: Path) -> None:
    plain, history = trained(compiled_step)
    measured, same = trained(compiled_step, HealthCallback(tmp_path, sampling=1, guard=guard))
    assert read_run(tmp_path).samples >= 11
    assert measured.steps_taken.numpy() == plain.steps_taken.numpy() == 12
    assert same == history
    for ours, theirs in zip(measured.variables, plain.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


class WritingOnly(CompiledStep):
    """Never reads what it counts."""

    @tf.function(jit_compile=True)
    def train_step(self, data: Any) -> Any:
        self.steps_taken.assign_add(1, read_value=False)
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


@pytest.mark.slow
def test_what_is_written_and_never_read_is_not_written_twice(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    model = WritingOnly()
    model.compile("adam", "mse", jit_compile=False)
    with pytest.warns(HealthWarning, match="expected a step that can be run and taken back"):
        model.fit(
            flat(24), numbers(24), batch_size=8, epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)]
        )
    assert int(model.steps_taken) == 6


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 3])
def test_data_that_fails_ends_the_training_as_without(at_once: int, tmp_path: Path) -> None:
    def failed(callbacks: list[Any]) -> list[Any]:
        keras.utils.set_random_seed(0)
        model = mlp()
        model.compile("adam", "mse", jit_compile=True, steps_per_execution=at_once)
        with pytest.raises(tf.errors.InvalidArgumentError, match="broken record"):
            model.fit(failing_at(9), verbose=0, callbacks=callbacks)
        weights: list[Any] = model.get_weights()
        return weights

    with_it = failed([HealthCallback(tmp_path, sampling=1)])
    assert all(map(np.array_equal, failed([]), with_it))


@pytest.mark.slow
def test_a_replay_that_fails_costs_the_training_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def jitted() -> keras.Model:
        model = mlp()
        model.compile("adam", "mse", jit_compile=True)
        return model

    plain, history = trained(jitted)

    def fails(self: Replay, batches: Any) -> None:
        raise RuntimeError("no memory is left")

    monkeypatch.setattr(Replay, "run", fails)
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    model = jitted()
    with pytest.warns(UserWarning, match="the sampled step.*no memory is left"):
        same = model.fit(
            flat(44), numbers(44), batch_size=8, epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path)]
        ).history
    assert same == history
    for ours, theirs in zip(model.variables, plain.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.slow
def test_a_second_fit_with_batches_of_another_kind(tmp_path: Path) -> None:
    """Of a static size, then of an open one with weights."""

    def twice(*callbacks: Any) -> keras.Model:
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        model = mlp()
        model.compile("adam", "mse", jit_compile=True)
        static = tf.data.Dataset.from_tensor_slices((flat(32), numbers(32))).batch(8, drop_remainder=True)
        with unwarned("HealthCallback could not"):
            model.fit(static, verbose=0, callbacks=list(callbacks))
            weights = np.linspace(0, 1, 44)
            model.fit(flat(44), numbers(44), sample_weight=weights, batch_size=8, verbose=0, callbacks=list(callbacks))
        return model

    plain, measured = twice(), twice(HealthCallback(tmp_path, sampling=1))
    assert read_run(tmp_path).samples == 10
    for ours, theirs in zip(measured.variables, plain.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
