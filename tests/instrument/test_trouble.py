"""Whatever breaks in the callback, the training goes on to its end, bit for bit, with one warning."""

import errno
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback, HealthError, HealthWarning, Scorecard, read_run
from tb_nnhealth.instrument import callback as callback_module
from tb_nnhealth.instrument import judge as judge_module
from tb_nnhealth.instrument import recorder as recorder_module
from tb_nnhealth.instrument.alarm import Alarm
from tb_nnhealth.instrument.instruments import Instruments
from tb_nnhealth.instrument.log import SessionLog
from tb_nnhealth.instrument.schedule import Schedule
from tb_nnhealth.instrument.session import Session
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.training import Training
from tb_nnhealth.statistics import activations, moments
from tb_nnhealth.summary import event_file
from tb_nnhealth.summary.writer import HealthWriter
from tests.instrument.training import assert_same_bits, state_variables, unwarned
from tests.instrument.zoo import flat, mlp, numbers

pytestmark = pytest.mark.slow


def model_of(seed: int = 0, **how: Any) -> keras.Model:
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = mlp()
    model.compile("adam", "mse", **how)
    return model


def fit(model: keras.Model, *callbacks: keras.callbacks.Callback, epochs: int = 2, **settings: Any) -> Any:
    return model.fit(flat(), numbers(), batch_size=4, epochs=epochs, verbose=0, callbacks=list(callbacks), **settings)


def state(model: keras.Model) -> list[np.ndarray]:
    return [np.array(v) for v in state_variables(model)]


@pytest.fixture(scope="module")
def plain() -> list[np.ndarray]:
    model = model_of()
    fit(model)
    return state(model)


@pytest.fixture
def goes_on(plain: list[np.ndarray]) -> Iterator[Callable[..., list[str]]]:
    """Trains with the callback; the weights must be those of a training without. Returns our warnings."""

    def train(health: HealthCallback, *others: keras.callbacks.Callback, **how: Any) -> list[str]:
        model = model_of(**how)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = fit(model, *others, health)
        assert len(history.epoch) == 2
        assert_same_bits(state(model), plain)
        assert not isinstance(model.train_function, Session)
        return [str(w.message) for w in caught if "HealthCallback" in str(w.message)]

    yield train


class Do(keras.callbacks.Callback):
    """Does something once, before a step."""

    def __init__(self, step: int, action: Callable[[], Any]) -> None:
        super().__init__()
        self.left, self.action = step, action

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.left == 0:
            self.action()
        self.left -= 1


# Warnings that are errors.


def schedule() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 100))


@pytest.mark.parametrize("optimizer", [keras.optimizers.Adam, schedule])
def test_nothing_of_ours_is_warned_of_by_others(
    tmp_path: Path, optimizer: Callable[[], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_of()
    model.compile(optimizer(), "mse", jit_compile=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, HealthCallback(tmp_path, sampling=1))
    assert "HealthCallback could not" not in capsys.readouterr().err
    run = read_run(tmp_path)
    assert run.samples == 12 and run.finished and not run.problems
    assert [bool(variable.initial) for variable in run.model.variables] == [True, False] * 2


def test_trouble_is_told_on_stderr(tmp_path: Path, plain: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("here")
    model = model_of()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, HealthCallback(tmp_path / "file"))
    assert_same_bits(state(model), plain)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("HealthWarning: HealthCallback")]
    assert len(told) == 1 and str(tmp_path / "file") in told[0]


# The disk.


def test_a_file_in_the_place_of_the_directory(goes_on: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    told = goes_on(HealthCallback(tmp_path / "file", scorecard_path=tmp_path / "card.json"))
    assert len(told) == 1 and str(tmp_path / "file") in told[0]
    assert (tmp_path / "file").read_text() == "here"


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/proc/version"), reason="needs a read-only directory")
def test_a_directory_that_cannot_be_made(goes_on: Any) -> None:
    told = goes_on(HealthCallback("/proc/nnhealth"))
    assert len(told) == 1 and "/proc/nnhealth" in told[0]


def test_the_directory_is_removed_while_training(goes_on: Any, tmp_path: Path) -> None:
    told = goes_on(HealthCallback(tmp_path / "run", sampling=1), Do(4, lambda: shutil.rmtree(tmp_path / "run")))
    assert len(told) == 1
    assert 0 < read_run(tmp_path / "run").sampled_steps < 12


@pytest.mark.parametrize("becomes", ["nothing", "file"])
def test_the_directory_is_gone_when_the_run_is_judged(
    goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    def remove() -> None:
        shutil.rmtree(tmp_path / "run")
        if becomes == "file":
            (tmp_path / "run").write_text("here")

    monkeypatch.setattr(judge_module, "FIRST_JUDGEMENT", 5)
    told = goes_on(HealthCallback(tmp_path / "run", sampling=1000), Do(4, remove))
    assert len(told) == 1 and told[0].startswith("HealthCallback could not write all it measures, and the training")
    assert f"Expected to write health data to {tmp_path / 'run' / 'health'}" in told[0]


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS], ids=["a full disk", "a read-only directory"])
def test_a_disk_that_takes_no_more(goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """From some byte on nothing is written, and no file made."""
    write, begin, left = event_file.EventFile.write, event_file.EventFile.__init__, [30_000]

    def refuse_when_full(size: int) -> None:
        left[0] -= size
        if left[0] < 0:
            raise OSError(error, os.strerror(error))

    def filling(self: Any, record: bytes) -> None:
        refuse_when_full(len(record))
        write(self, record)

    def beginning(self: Any, *args: Any) -> None:
        refuse_when_full(0)
        begin(self, *args)

    monkeypatch.setattr(event_file.EventFile, "write", filling)
    monkeypatch.setattr(event_file.EventFile, "__init__", beginning)
    told = goes_on(HealthCallback(tmp_path, sampling=1))
    assert len(told) == 1 and os.strerror(error) in told[0]
    assert 0 < read_run(tmp_path).sampled_steps < 12


def test_a_writer_that_raises(goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, step: int, tables: Any) -> bool:
        raise RuntimeError("no ink")

    monkeypatch.setattr(HealthWriter, "write_sample", broken)
    told = goes_on(HealthCallback(tmp_path, sampling=1))
    assert len(told) == 1 and "no ink" in told[0]


# What measures.


@pytest.mark.parametrize("family", [(moments, "moments"), (activations, "forward"), (activations, "backward")])
@pytest.mark.parametrize("eager", [False, True])
def test_a_statistic_that_raises(
    goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: Any, eager: bool
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("a statistic broke")

    monkeypatch.setattr(*family, broken)
    model = model_of(run_eagerly=True) if eager else None
    if model is None:
        told = goes_on(HealthCallback(tmp_path, sampling=1))
    else:
        with pytest.warns(UserWarning, match="a statistic broke") as caught:
            fit(model, HealthCallback(tmp_path, sampling=1))
        told = [str(w.message) for w in caught if "HealthCallback" in str(w.message)]
    assert told and all("a statistic broke" in message for message in told)
    assert read_run(tmp_path).samples > 0


def test_an_operation_that_fails_at_run_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its batch is lost with it, so only the rest of the training is as it would have been."""

    def broken(x: tf.Tensor) -> tf.Tensor:
        with tf.control_dependencies([tf.debugging.assert_less(tf.reduce_sum(tf.abs(x)), -1.0, "failed at run time")]):
            return tf.zeros([9])

    monkeypatch.setattr(recorder_module.data, "batch_statistics", broken)
    model = model_of()
    with pytest.warns(UserWarning, match="HealthCallback could not measure the sampled step") as caught:
        history = fit(model, HealthCallback(tmp_path, sampling=1, guard=False))
    assert len([w for w in caught if "HealthCallback" in str(w.message)]) == 1
    assert len(history.epoch) == 2 and np.isfinite(history.history["loss"]).all()
    assert not isinstance(model.train_function, Session)


def test_the_guard_raises(goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise KeyError("guard")

    monkeypatch.setattr("tb_nnhealth.instrument.guard.named_values", broken)
    told = goes_on(HealthCallback(tmp_path, overhead=0.0))
    assert len(told) == 1 and "KeyError" in told[0]
    assert read_run(tmp_path).samples > 0


@pytest.mark.parametrize("what", ["callback.sites", "describe.describe_model", "instruments.Schedule", "twin.watched"])
def test_the_start_or_the_description_raises(
    goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise AttributeError("no such thing")

    monkeypatch.setattr(f"tb_nnhealth.instrument.{what}", broken)
    told = goes_on(HealthCallback(tmp_path))
    assert told and all("no such thing" in message for message in told)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (callback_module, "obstacle"),
        (Training, "begin_fit"),
        (Session, "begin_epoch"),
        (StepCount, "length"),
        (StepCount, "recount"),
        (Schedule, "is_due"),
        (Schedule, "add_step"),
        (Schedule, "add_sample"),
        (Instruments, "is_ready"),
        (Instruments, "meets_others"),
        (Instruments, "proof"),
        (SessionLog, "write_epoch"),
        (SessionLog, "write_progress"),
        (Alarm, "ask"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_is_done_around_the_steps_raises(
    goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("it is broken")

    monkeypatch.setattr(owner, name, broken)
    told = goes_on(HealthCallback(tmp_path, sampling=3))
    assert len(told) == 1 and told[0].startswith("HealthCallback could not measure ") and "it is broken" in told[0]


def test_what_is_not_finite_cannot_be_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError("it is broken")

    monkeypatch.setattr(SessionLog, "write_event", broken)
    model = model_of()
    model.compile(keras.optimizers.SGD(1e30), "mse")
    with pytest.warns(HealthWarning, match="it is broken"):
        assert len(fit(model, HealthCallback(tmp_path)).epoch) == 2
    assert not isinstance(model.train_function, Session)


def test_the_rules_raise(goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: Any) -> Any:
        raise ArithmeticError("judge is out")

    monkeypatch.setattr(callback_module.Scorecard, "from_run", broken)
    told = goes_on(HealthCallback(tmp_path))
    assert len(told) == 1 and "judge is out" in told[0]
    monkeypatch.undo()
    assert read_run(tmp_path).finished


# Findings of severity error.


def nan_training(model: keras.Model, health: HealthCallback) -> Any:
    y = numbers()
    y[8] = np.nan
    return model.fit(flat(), y, batch_size=4, epochs=3, shuffle=False, verbose=0, callbacks=[health])


def test_on_error_warn(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="nonfinite-values") as caught:
        history = nan_training(model_of(), HealthCallback(tmp_path))
    assert len(history.epoch) == 3
    assert len([w for w in caught if "nonfinite-values" in str(w.message)]) == 1


def test_on_error_stop(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="training is stopped"):
        history = nan_training(model_of(), HealthCallback(tmp_path, on_error="stop"))
    assert len(history.epoch) == 1


@pytest.mark.parametrize("sampling", [1, 1000])
def test_on_error_raise(tmp_path: Path, sampling: int) -> None:
    model = model_of()
    with pytest.raises(HealthError, match="nonfinite-values"):
        nan_training(model, HealthCallback(tmp_path, sampling=sampling, on_error="raise"))
    assert not isinstance(model.train_function, Session)
    fit(model)


def test_on_error_raise_at_the_end_still_writes_the_scorecard(tmp_path: Path) -> None:
    model, path = model_of(), tmp_path / "out" / "card.json"
    health = HealthCallback(tmp_path, overhead=0.0, on_error="raise", scorecard_path=path)
    y = numbers()
    y[-1] = np.nan
    with pytest.raises(HealthError):
        model.fit(flat(), y, batch_size=4, shuffle=False, verbose=0, callbacks=[health])
    assert not isinstance(model.train_function, Session)
    assert read_run(tmp_path).nonfinite is not None


# Training dies.


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_another_callback_raises(tmp_path: Path, error: type[BaseException], plain: list[np.ndarray]) -> None:
    def die() -> None:
        raise error("from outside")

    model = model_of()
    with pytest.raises(error, match="from outside"):
        fit(model, HealthCallback(tmp_path, sampling=1), Do(3, die))
    assert read_run(tmp_path).samples == 3
    reference = model_of()
    with pytest.raises(error):
        fit(reference, Do(3, die))
    fit(model)
    fit(reference)
    assert_same_bits(state(model), state(reference))
    assert not isinstance(model.train_function, Session)


def test_the_step_itself_is_interrupted(tmp_path: Path) -> None:
    model = model_of(run_eagerly=True)
    layer = model.get_layer("hidden")
    call = layer.call

    def interrupted(x: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, HealthCallback(tmp_path, sampling=1), Do(2, lambda: object.__setattr__(layer, "call", interrupted)))
    assert not isinstance(model.train_function, Session)
    object.__setattr__(layer, "call", call)
    fit(model)


def test_the_same_callback_after_a_fit_that_died(tmp_path: Path) -> None:
    def die() -> None:
        raise RuntimeError("once")

    model, health = model_of(), HealthCallback(tmp_path, sampling=1)
    with pytest.raises(RuntimeError, match="once"):
        fit(model, health, Do(3, die))
    fit(model, health)
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == list(range(15)) and run.finished


def test_the_models_own_error_stays_its_own(tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = mlp()
    model.compile("sgd", "mse")
    with pytest.raises(Exception, match=r"incompatible|shape|expected"):
        model.fit(flat(features=5), numbers(), verbose=0, callbacks=[HealthCallback(tmp_path)])
    fit(model)


# Bad models.


def test_an_uncompiled_model_is_kerass_to_refuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="compile"):
        mlp().fit(flat(), numbers(), callbacks=[HealthCallback(tmp_path)])


@pytest.mark.parametrize("which", ["include", "exclude"])
def test_a_pattern_that_matches_no_layer(tmp_path: Path, which: str) -> None:
    with pytest.raises(ValueError, match=rf"`{which}` should hold path patterns.*Received: {which}='nowhere'"):
        fit(model_of(), HealthCallback(tmp_path, **{which: "nowhere"}))


# Another step function.


class Remake(keras.callbacks.Callback):
    """Has Keras make the step function anew, at an epoch's begin or in an epoch."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if epoch == 1 and self.where == "epoch":
            self.model.make_train_function(force=True)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.epoch == 0 and batch == 3 and self.where == "batch":
            self.model.make_train_function(force=True)


def test_a_step_function_made_anew_before_an_epoch_is_measured(goes_on: Any, tmp_path: Path) -> None:
    assert goes_on(HealthCallback(tmp_path, sampling=1), Remake("epoch")) == []
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == list(range(12)) and run.finished and len(run.epochs) == 2


def test_a_step_function_made_anew_within_an_epoch_is_measured_from_the_next_on(goes_on: Any, tmp_path: Path) -> None:
    told = goes_on(HealthCallback(tmp_path, sampling=1), Remake("batch"))
    assert len(told) == 1 and "from step 3 on is not measured" in told[0]
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == [0, 1, 2, *range(6, 12)] and run.problems == (told[0],)
    assert [epoch.step for epoch in run.epochs] == [6, 12] and run.finished and run.steps == 12


class Extra(keras.callbacks.Callback):
    """Takes a training step of its own at the end of an epoch, or within one."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 2 and self.where == "batch":
            self.model.train_on_batch(flat(4), numbers(4))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.where == "epoch":
            self.model.train_on_batch(flat(4), numbers(4))


@pytest.mark.parametrize("where", ["epoch", "batch"])
@pytest.mark.parametrize("ours_first", [True, False])
def test_a_step_that_another_callback_takes_is_none_of_the_fit(tmp_path: Path, where: str, ours_first: bool) -> None:
    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        model = model_of()
        fit(model, *callbacks)
        assert not isinstance(model.train_function, Session)
        return state(model)

    health = [HealthCallback(tmp_path, sampling=1)]
    with unwarned("HealthCallback"):
        ours = trained(*health, Extra(where)) if ours_first else trained(Extra(where), *health)
    assert_same_bits(ours, trained(Extra(where)))
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == list(range(12)) and run.finished and not run.problems


def test_unfreezing_while_training(tmp_path: Path) -> None:
    class Unfreeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.get_layer("hidden").trainable = True
                self.model.compile("adam", "mse")
                self.model.make_train_function(force=True)

    def trained(*callbacks: keras.callbacks.Callback) -> keras.Model:
        model = model_of()
        model.get_layer("hidden").trainable = False
        model.compile("adam", "mse")
        fit(model, Unfreeze(), *callbacks)
        return model

    assert_same_bits(state(trained(HealthCallback(tmp_path, sampling=1))), state(trained()))
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == list(range(12))
    gradients = run.variables.series("gradient_norm", "mlp/hidden/kernel")
    assert np.isfinite(gradients).tolist() == [False] * 6 + [True] * 6


# Company.


def test_a_model_compiled_anew_whose_step_function_comes_late(tmp_path: Path) -> None:
    """Keras' own `fit` makes none again: a callback behind ours does, when the epoch begins."""

    class Phase(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.make_train_function()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 0:
                self.model.compile("sgd", "mse")

    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        model = model_of()
        fit(model, *callbacks, Phase(), epochs=4)
        return state(model)

    health = HealthCallback(tmp_path / "run", sampling=1, scorecard_path=tmp_path / "card.json")
    with pytest.warns(HealthWarning, match="expects the step function to stay"):
        ours = trained(health)
    assert_same_bits(ours, trained())
    assert (tmp_path / "card.json").exists()
    assert read_run(tmp_path / "run").samples == 18, "all epochs but the second are measured"


class Around(keras.callbacks.Callback):
    """Counts the calls of the step function, as a profiler does."""

    def on_train_begin(self, logs: Any = None) -> None:
        step, self.calls = self.model.train_function, 0

        def counted(iterator: Any) -> Any:
            self.calls += 1
            return step(iterator)

        self.model.train_function = counted


def test_a_step_function_with_another_around_it_is_left_alone(goes_on: Any, tmp_path: Path) -> None:
    around = Around()
    told = goes_on(HealthCallback(tmp_path), around)
    assert around.calls == 12
    assert len(told) == 1 and "Received: one that was put in its place, or around it" in told[0]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_step_function_of_ones_own_is_left_alone(tmp_path: Path, jit_compile: bool) -> None:
    def trained(*callbacks: keras.callbacks.Callback) -> list[np.ndarray]:
        model = model_of(jit_compile=jit_compile)

        @tf.function(jit_compile=jit_compile)
        def step(data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = 2.0 * tf.reduce_mean((model(x, training=True) - y) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(gradients, model.trainable_variables)
            return {"loss": loss}

        model.train_function = lambda iterator: step(next(iterator))
        fit(model, *callbacks)
        return state(model)

    with pytest.warns(HealthWarning, match="one that was put in its place, or around it"):
        ours = trained(HealthCallback(tmp_path, sampling=1))
    assert_same_bits(ours, trained())


def test_two_at_once(goes_on: Any, tmp_path: Path) -> None:
    told = goes_on(HealthCallback(tmp_path / "b", sampling=1), HealthCallback(tmp_path / "a", sampling=1))
    assert len(told) == 1 and "only one" in told[0]
    assert read_run(tmp_path / "a").samples == 12


def test_on_another_model(tmp_path: Path, plain: list[np.ndarray]) -> None:
    health = HealthCallback(tmp_path, sampling=1)
    fit(model_of(1), health, epochs=1)
    model = model_of()
    fit(model, health)
    assert_same_bits(state(model), plain)
    assert read_run(tmp_path).step.steps.tolist() == list(range(12))


def test_scorecard_while_training(goes_on: Any, tmp_path: Path) -> None:
    health, seen = HealthCallback(tmp_path, sampling=1), []
    goes_on(health, Do(8, lambda: seen.append(health.scorecard)))
    assert isinstance(seen[0], Scorecard)
    assert health.scorecard.to_json() == Scorecard.from_logdir(tmp_path).to_json()


def test_scorecard_path(goes_on: Any, tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, scorecard_path=tmp_path / "new" / "card.json")
    assert goes_on(health) == []
    assert (tmp_path / "new" / "card.json").read_text() == health.scorecard.to_json()


def test_a_scorecard_that_cannot_be_written(goes_on: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (told,) = goes_on(HealthCallback(tmp_path / "run", scorecard_path=tmp_path / "file" / "card.json"))
    assert f"Expected a scorecard_path that can be written. Received: {tmp_path / 'file' / 'card.json'}: " in told


def test_the_scorecard_that_was_there_stays_where_the_new_one_is_not_written_to_its_end(
    goes_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "card.json"
    path.write_text("the last one")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tf.io.gfile.GFile, "write", full)
    (told,) = goes_on(HealthCallback(tmp_path / "run", scorecard_path=path))
    assert told.endswith("No space left on device")
    assert path.read_text() == "the last one" and sorted(p.name for p in tmp_path.iterdir()) == ["card.json", "run"]


def test_a_link_to_the_scorecard_stays_a_link(goes_on: Any, tmp_path: Path) -> None:
    (tmp_path / "card.json").symlink_to(tmp_path / "other.json")
    health = HealthCallback(tmp_path / "run", scorecard_path=tmp_path / "card.json")
    assert goes_on(health) == []
    assert (tmp_path / "card.json").is_symlink()
    assert (tmp_path / "other.json").read_text() == health.scorecard.to_json()


@pytest.mark.parametrize("ours_first", [True, False])
def test_beside_kerass_own_callbacks(tmp_path: Path, ours_first: bool, plain: list[np.ndarray]) -> None:
    def others(where: str) -> list[keras.callbacks.Callback]:
        return [
            keras.callbacks.TensorBoard(str(tmp_path / where), histogram_freq=1, update_freq=1),
            keras.callbacks.ModelCheckpoint(str(tmp_path / where / "{epoch}.keras")),
            keras.callbacks.EarlyStopping("loss", patience=5),
            keras.callbacks.BackupAndRestore(str(tmp_path / where / "backup")),
        ]

    model, health = model_of(), HealthCallback(tmp_path / "ours", sampling=1)
    with unwarned("HealthCallback"):
        fit(model, *([health, *others("ours")] if ours_first else [*others("ours"), health]))
    assert_same_bits(state(model), plain)
    run = read_run(tmp_path / "ours")
    assert run.samples == 12 and run.finished and len(run.epochs) == 2


@pytest.mark.parametrize("ours_first", [True, False])
def test_resuming_with_backup_and_restore(tmp_path: Path, ours_first: bool) -> None:
    def die() -> None:
        raise RuntimeError("power cut")

    def callbacks(*more: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
        backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
        health = HealthCallback(tmp_path / "run", sampling=1)
        return [*([health, backup] if ours_first else [backup, health]), *more]

    with pytest.raises(RuntimeError, match="power cut"):
        fit(model_of(), *callbacks(Do(8, die)))
    fit(model_of(), *callbacks())
    assert read_run(tmp_path / "run").step.steps.tolist() == list(range(12))
