"""The rehearsal of the step: what it spares, and what it must not do."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth import HealthCallback, HealthWarning
from tb_nnhealth.instrument import instruments, rehearsal
from tb_nnhealth.instrument.definition import Definition, Unreadable
from tb_nnhealth.instrument.recorder import Recorder

pytestmark = pytest.mark.slow


def _fit(log_dir: Path, **settings: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    model.fit(x, x[:, :1], batch_size=8, verbose=0, callbacks=[HealthCallback(log_dir, **settings)])
    return model


def test_the_measured_step_is_traced_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    traces = []
    begin_trace = Recorder.begin_trace
    monkeypatch.setattr(Recorder, "begin_trace", lambda self: (traces.append(self), begin_trace(self)))
    _fit(tmp_path)
    assert len(traces) == 1


def test_a_measured_step_whose_trace_fails_leaves_nothing_half_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = _fit(tmp_path / "plain", sampling=1)

    def refuse(self: Recorder, data_batch: Any, logs: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Recorder, "end_trace", refuse)
    with pytest.warns(HealthWarning, match="could not measure the sampled step"):
        unmeasured = _fit(tmp_path / "broken", sampling=1)
    assert all(np.array_equal(a, b) for a, b in zip(plain.get_weights(), unmeasured.get_weights(), strict=True))


def test_where_the_rehearsal_fails_nothing_is_sampled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: Any) -> set[str]:
        raise RuntimeError("no rehearsal")

    monkeypatch.setattr(instruments, "rehearse", refuse)
    with pytest.warns(HealthWarning, match="no rehearsal"):
        model = _fit(tmp_path)
    assert int(model.optimizer.iterations) == 8


def test_no_batch_is_taken() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    iterator = iter(tf.data.Dataset.from_tensors((tf.ones([3, 2]), tf.ones([3, 1]))))
    shown = rehearsal.rehearse(model, list, Definition((None, None)), lambda: None, iterator)
    assert shown.unreadable == Unreadable()
    assert {id(v.value) for v in model.variables} <= {id(v) for v in shown.variables}
    assert next(iterator)[0].shape == (3, 2)
    assert int(model.optimizer.iterations) == 0
