"""The proof: a step that does not train as the model's own is found out before it counts, whatever the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tb_nnhealth import HealthCallback, HealthWarning, read_run
from tb_nnhealth.instrument import definition, guard, twin
from tb_nnhealth.instrument.instruments import Instruments
from tb_nnhealth.instrument.kinds import LATER
from tb_nnhealth.instrument.proof import Proof
from tb_nnhealth.instrument.state import State
from tests.instrument.training import is_measured_beside, unwarned
from tests.instrument.zoo import flat, numbers


def step(weight: tf.Variable, amount: Callable[[], float]) -> Callable[[Any], float]:
    def run(iterator: Any) -> float:
        for batch in iterator:
            weight.assign_add([amount() * float(batch)])
        return float(weight[0])

    return run


@pytest.mark.parametrize(("tried", "expected"), [([1.0], True), ([1.0, 1.0], True), ([1.0, 1.000001], False)])
def test_what_is_tried_out_is_taken_back_and_compared(tried: list[float], expected: bool) -> None:
    weight = tf.Variable([1.0])
    proof = Proof(step(weight, lambda: 1.0), State([weight]), [weight])
    batches = tf.data.Dataset.range(1, 3)
    for amount in tried:
        proof.try_out(step(weight, lambda amount=amount: amount), batches)
        assert weight.numpy() == [1.0]
    assert (proof.train(batches), proof.holds(batches)) == (4.0, expected)
    assert weight.numpy() == [4.0]


def test_it_tells_whether_a_weight_moved() -> None:
    weight, counter = tf.Variable([1.0]), tf.Variable([0.0])
    proof = Proof(step(counter, lambda: 1.0), State([weight, counter]), [weight])
    proof.train(tf.data.Dataset.range(1, 3))
    assert not proof.has_moved
    proof = Proof(step(weight, lambda: 1.0), State([weight, counter]), [weight])
    proof.train(tf.data.Dataset.range(1, 3))
    assert proof.has_moved


def test_what_does_not_train_twice_the_same_proves_nothing() -> None:
    weight = tf.Variable([1.0])
    amounts = iter([1.0, 2.0])
    proof = Proof(step(weight, lambda: next(amounts)), State([weight]), [weight])
    batches = tf.data.Dataset.range(1, 2)
    proof.try_out(step(weight, lambda: 3.0), batches)
    assert (proof.train(batches), proof.holds(batches)) == (2.0, True)
    assert weight.numpy() == [2.0]


def test_what_fails_is_taken_back() -> None:
    weight = tf.Variable([1.0])

    def failing(iterator: Any) -> None:
        weight.assign([5.0])
        raise RuntimeError("in the middle of it")

    with pytest.raises(RuntimeError, match="in the middle"):
        Proof(failing, State([weight]), [weight]).try_out(failing, tf.data.Dataset.range(1, 2))
    assert weight.numpy() == [1.0]


class Counting(layers.Layer):
    """Counts its calls where no variable knows of it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def call(self, x: Any) -> Any:
        return tf.ensure_shape(tf.numpy_function(self._count, [x], tf.float32), x.shape)

    def _count(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        return x


def trained(*callbacks: Any, x: Any = None, kernel: str = "glorot_uniform") -> tuple[list[np.ndarray], Any]:
    """Trains a layer of which the sum is computed together with the tanh behind it where nothing reads it."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    hidden = [layers.Dense(16, kernel_initializer=kernel), layers.Activation("tanh")]
    model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    x = flat(64, 6) if x is None else x
    history = model.fit(x, numbers(64), batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=list(callbacks))
    return [np.array(v) for v in (*model.variables, *model.optimizer.variables)], history.history


@pytest.fixture
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of what TensorFlow rewrites."""
    monkeypatch.setattr(definition, "rewritten", lambda tensors: frozenset())
    monkeypatch.setattr(definition, "intruding", lambda gradients: frozenset())
    monkeypatch.setattr(guard, "is_rewritten", lambda output: False)


def in_place_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Instruments, "_can_be_proven", lambda self, iterator: False)


def same(ours: Any, theirs: Any) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(ours[0], theirs[0], strict=True)) and ours[1] == theirs[1]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"sampling": 1}, {}, {"sampling": 3, "guard": False}], ids=str)
@pytest.mark.usefixtures("nothing_is_known")
def test_a_step_that_is_rewritten_is_measured_beside(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = trained()
    callback = HealthCallback(tmp_path / "proven", **settings)
    assert same(trained(callback), plain)
    assert is_measured_beside(callback)
    run = read_run(tmp_path / "proven")
    assert run.steps == 16 and run.samples >= 5
    assert np.isfinite(run.activations.series("activation_mean")).all()
    in_place_only(monkeypatch)
    assert not same(trained(HealthCallback(tmp_path / "unproven", **settings)), plain)  # Else this shows nothing.


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_known")
def test_what_a_first_batch_does_not_show_is_found_at_the_second_proof(tmp_path: Path) -> None:
    """With kernels of zeros all sums are zero at first, however they are computed."""
    callback = HealthCallback(tmp_path, sampling=1)
    with pytest.warns(HealthWarning, match="as it did at first. Received: other variables"):
        trained(callback, kernel="zeros")
    assert is_measured_beside(callback)
    assert read_run(tmp_path).steps == 16


@pytest.mark.slow
def test_two_proofs_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    settle = Instruments.settle

    def settled(self: Instruments, holds: bool, has_moved: bool, step: int) -> None:
        assert holds and has_moved
        made.append(step)
        settle(self, holds, has_moved, step)

    monkeypatch.setattr(Instruments, "settle", settled)
    assert same(trained(HealthCallback(tmp_path)), trained())
    assert len(made) == 2 and made[0] == 0 and made[1] >= LATER


@pytest.mark.slow
def test_a_step_that_is_not_goes_on_in_place(tmp_path: Path) -> None:
    callback = HealthCallback(tmp_path, sampling=1)
    assert same(trained(callback), trained())
    assert not is_measured_beside(callback)
    assert read_run(tmp_path).samples == 16


@pytest.mark.slow
def test_nothing_is_run_twice_that_cannot_be_taken_back(tmp_path: Path) -> None:
    counting = Counting()
    model = keras.Sequential([keras.Input((6,)), counting, layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=False)
    callback = HealthCallback(tmp_path, sampling=1)
    model.fit(flat(64, 6), numbers(64), batch_size=8, verbose=0, callbacks=[callback])
    assert counting.calls == 8
    assert read_run(tmp_path).samples == 8


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_known")
def test_the_guard_still_names_the_place(tmp_path: Path) -> None:
    x = flat(64, 6)
    x[45, 2] = np.nan  # in the sixth batch
    with pytest.warns(HealthWarning, match="nonfinite-values"):
        ours = trained(HealthCallback(tmp_path, sampling=1000), x=x)
    assert [np.isnan(a).any() for a in ours[0]] == [np.isnan(a).any() for a in trained(x=x)[0]]
    found = read_run(tmp_path).nonfinite
    assert found is not None and (found.step, found.places[0].stage) == (5, "input")


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_known")
def test_a_guard_that_changes_the_training_even_from_outside_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = trained()

    from_outside = twin.watched_from_outside

    def changed(model: Any, guard: Any) -> Any:
        guarded = from_outside(model, guard)

        def run(iterator: Any) -> Any:
            logs = guarded(iterator)
            model.trainable_variables[0].assign_add(np.full((6, 16), 1e-6, np.float32))
            return logs

        return run

    monkeypatch.setattr(twin, "watched_from_outside", changed)
    with pytest.warns(HealthWarning, match="could not measure the guard against non-finite values"):
        assert same(trained(HealthCallback(tmp_path, sampling=1)), plain)
    assert read_run(tmp_path).samples == 16


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["holds", "try_out"])
def test_a_proof_that_breaks_harms_nothing(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> bool:
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    plain = trained()
    monkeypatch.setattr(Proof, broken, refuse)
    with pytest.warns(HealthWarning, match="out of memory"):
        assert same(trained(HealthCallback(tmp_path, sampling=1)), plain)
    assert read_run(tmp_path).samples == (1 if broken == "holds" else 0)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["holds", "try_out"])
def test_a_second_proof_that_breaks_ends_nothing(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    whole = getattr(Proof, broken)

    def refuse_later(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > (1 if broken == "holds" else 2):  # The measured and the guarded step are tried out.
            raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
        return whole(*arguments)

    plain = trained()
    monkeypatch.setattr(Proof, broken, refuse_later)
    callback = HealthCallback(tmp_path, sampling=1)
    with pytest.warns(HealthWarning, match="out of memory"):
        assert same(trained(callback), plain)
    assert not is_measured_beside(callback)
    assert read_run(tmp_path).samples == (16 if broken == "holds" else 15)


@pytest.mark.slow
def test_steps_are_counted_right_where_a_proof_breaks_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    try_out = Proof.try_out

    def refuse_the_second(self: Proof, step: Any, batches: Any) -> None:
        tried.append(step)
        try_out(self, step, batches)
        if len(tried) == 2:
            raise RuntimeError("broken")

    monkeypatch.setattr(Proof, "try_out", refuse_the_second)
    callback = HealthCallback(tmp_path, sampling=1)
    with pytest.warns(HealthWarning, match="broken"):
        trained(callback)
    assert len(tried) == 2 and read_run(tmp_path).steps == 16


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_is_known")
def test_a_guard_is_proven_before_it_runs(tmp_path: Path) -> None:
    """Also where the first step is not one that is to be sampled."""

    def both(*callbacks: Any) -> list[np.ndarray]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(3)
        hidden = [layers.Dense(16), layers.Activation("tanh")]
        model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1)])
        model.compile("adam", "mse", jit_compile=False)
        fit: dict[str, Any] = {"batch_size": 8, "epochs": 2, "verbose": 0, "shuffle": False}
        model.fit(flat(24, 6), numbers(24), **fit)
        model.fit(flat(64, 6), numbers(64), **fit, callbacks=list(callbacks))
        return model.get_weights()

    ours = both(HealthCallback(tmp_path, sampling=1000))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(ours, both(), strict=True))


class WritingOnly(keras.Model):
    """Counts its steps in a variable that it never reads."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.counted = layers.Dense(1), tf.Variable(0)

    def call(self, x: Any) -> Any:
        return self.head(x)

    def train_step(self, data: Any) -> Any:
        self.counted.assign_add(1, read_value=False)
        return super().train_step(data)


@pytest.mark.slow
def test_what_is_written_and_never_read_is_not_written_twice(tmp_path: Path) -> None:
    model = WritingOnly()
    model.compile("adam", "mse", jit_compile=False)
    model.build((None, 6))
    model.fit(flat(64, 6), numbers(64), batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    assert int(model.counted) == 8 == read_run(tmp_path).samples


class Constant(layers.Layer):
    """Returns what it has made once and for all."""

    def build(self, shape: Any) -> None:
        self.encoding = tf.constant(np.ones((1, 6), np.float32))

    def call(self, x: Any) -> Any:
        return self.encoding


@pytest.mark.slow
def test_a_layer_may_return_a_constant(tmp_path: Path) -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, layers.Dense(1)(layers.Add()([inputs, Constant()(inputs)])))
    model.compile("adam", "mse", jit_compile=False)
    with unwarned("HealthCallback"):
        model.fit(flat(64, 6), numbers(64), batch_size=8, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1)])
    assert read_run(tmp_path).samples == 8
