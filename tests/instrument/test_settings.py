"""Each wrong argument gives one sentence: what was expected, what was received."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tb_nnhealth import HealthCallback, Scorecard, read_run
from tb_nnhealth.records import Table
from tests.instrument.training import unwarned

WRONG = [
    ("sampling", 0), ("sampling", -3), ("sampling", 1.5), ("sampling", True), ("sampling", "often"), ("sampling", None),
    ("sampling", np.int64(0)), ("sampling", np.bool_(True)), ("sampling", np.float32(2)),
    ("overhead", 2), ("overhead", -0.1), ("overhead", float("nan")), ("overhead", "1%"), ("overhead", True),
    ("overhead", np.float32(1.5)), ("overhead", np.bool_(True)),
    ("on_error", "explode"), ("on_error", None), ("on_error", ["warn"]),
    ("include", []), ("include", 5), ("include", [""]), ("exclude", [None]), ("exclude", ""),
    ("include", ()), ("include", set()), ("exclude", b"dense"), ("exclude", ("a", 5)),
    ("activations", "yes"), ("gradients", 1), ("histograms", None), ("guard", 0), ("modes", 1),
    ("scorecard_path", 5), ("scorecard_path", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_argument(name: str, value: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as raised:
        HealthCallback(tmp_path, **{name: value})
    message = str(raised.value)
    assert message.startswith(f"`{name}` should be") and message.endswith(f"Received: {name}={value!r}")
    assert "\n" not in message


@pytest.mark.parametrize("value", [None, 5, "", b"logs", []])
def test_wrong_log_dir(value: Any) -> None:
    with pytest.raises(ValueError, match="`log_dir` should be a path"):
        HealthCallback(value)


def test_paths_and_patterns(tmp_path: Path) -> None:
    health = HealthCallback(tmp_path, include="dense*", exclude=["a", "b"], scorecard_path=tmp_path / "card.json")
    assert health.log_dir == str(tmp_path)
    assert health.settings.include == ("dense*",) and health.settings.exclude == ("a", "b")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("./a/../b/run", "/here/b/run"),
        ("logs//run1/", "/here/logs/run1"),
        ("/logs/../run", "/run"),
        (".", "/here"),
        ("gs://bucket/a/../b", "gs://bucket/a/../b"),
    ],
)
def test_a_local_path_is_the_one_that_tensorflow_writes_to(
    given: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getcwd", lambda: "/here")
    settings = HealthCallback(given, scorecard_path=given).settings
    assert (settings.log_dir, settings.scorecard_path) == (kept, kept)


@pytest.mark.slow
def test_another_working_directory_while_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    health = HealthCallback("run", sampling=1)
    leave = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: os.chdir("/"))
    with unwarned("HealthCallback could not"):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), batch_size=2, epochs=2, verbose=0, callbacks=[leave, health])
    assert health.scorecard.training["samples"] == read_run(tmp_path / "run").samples == 8


@pytest.mark.slow
def test_a_path_through_a_directory_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    health = HealthCallback("./a/../b/run")
    with unwarned("HealthCallback could not"):
        model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0, callbacks=[health])
    assert health.scorecard.to_json() == Scorecard.from_logdir(tmp_path / "b" / "run").to_json()


def test_numbers_of_numpy(tmp_path: Path) -> None:
    settings = HealthCallback(tmp_path, sampling=np.int32(5), overhead=np.float32(0.25)).settings
    assert (settings.sampling, settings.overhead) == (5, 0.25)
    assert type(settings.sampling) is int and type(settings.overhead) is float


@pytest.mark.parametrize("make", [list, tuple, set, dict.fromkeys, iter])
def test_patterns_in_any_iterable(make: Any, tmp_path: Path) -> None:
    settings = HealthCallback(tmp_path, include=make(["a", "b"]), exclude=make(["c"])).settings
    assert set(settings.include or ()) == {"a", "b"} and settings.exclude == ("c",)


def test_an_iterator_without_patterns(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^`include` should be .*, one or more of them.* Received: include=\[\]$"):
        HealthCallback(tmp_path, include=(name for name in ()))


def test_another_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(RuntimeError, match=r"KERAS_BACKEND=tensorflow.*Received: KERAS_BACKEND=jax"):
        HealthCallback(tmp_path)


@pytest.mark.parametrize("version", ["2.15.0", "3.0.5", "3.6.0"])
def test_an_older_keras(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keras, "__version__", version)
    with pytest.raises(RuntimeError, match=f"expects Keras 3.7 or later. Received: {version}"):
        HealthCallback(tmp_path)


@pytest.mark.parametrize("version", ["3.7.0", "3.10.0", "4.0.0.dev1"])
def test_a_keras_that_serves(version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keras, "__version__", version)
    HealthCallback(tmp_path)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"dead-unit": {}}, "Expected the name of a rule, perhaps dead-units"),
        ({"dead-units": {"warnin": 0.5}}, "perhaps warning"),
        ({"dead-units": {"warning": "0.5"}}, "Expected dead-units.warning as a finite number"),
        (0.5, "Expected settings as {rule: {threshold: value}}. Received: 0.5"),
    ],
)
def test_wrong_limits(limits: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as raised:
        HealthCallback(tmp_path, limits=limits)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_wrong_settings_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.nnhealth.rules.dead-unit]\n")
    with pytest.raises(ValueError, match=r"perhaps dead-units; .* Received: 'dead-unit' in .*pyproject\.toml"):
        HealthCallback(tmp_path / "logs")


@pytest.mark.slow
def test_what_a_training_was_given_goes_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.nnhealth.rules.dead-units]\nwarning = 0.61\nerror = 0.8\n")
    limits = {"dead-units": {"error": 0.92, "ignore": "a/*"}, "few-samples": {"enabled": False}}
    health = HealthCallback(tmp_path / "logs" / "run1", limits=limits, scorecard_path=tmp_path / "card.json")
    project.unlink()
    model = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((32, 3)), np.ones((32, 1)), batch_size=8, epochs=2, verbose=0, callbacks=[health])
    text = health.scorecard.to_json()
    assert text == (tmp_path / "card.json").read_text() == Scorecard.from_logdir(tmp_path / "logs" / "run1").to_json()
    rules = {verdict.rule.name: verdict for verdict in health.scorecard.rules}
    in_force = rules["dead-units"].limits
    assert (in_force["warning"], in_force["error"], rules["dead-units"].ignore) == (0.61, 0.92, ("a/*",))
    assert not rules["few-samples"].enabled
    project.write_text("[tool.nnhealth.rules.dead-units]\nwarning = 0.5\n")
    assert health.scorecard.to_json() == text, "a training keeps to what it was given when it began"


@pytest.mark.slow
@pytest.mark.parametrize("off", [None, "activations", "gradients", "histograms", "modes"])
def test_what_is_switched_off_is_not_measured(off: str | None, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    settings = {} if off is None else {off: False}
    random = np.random.default_rng(0)
    x, y = random.normal(size=(32, 3)), random.normal(size=(32, 1))
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[HealthCallback(tmp_path, sampling=1, **settings)])
    run = read_run(tmp_path)

    def is_known(table: Table, statistic: str) -> bool:
        return statistic in table.columns and bool(np.isfinite(table.series(statistic)).any())

    assert is_known(run.variables, "value_norm") and is_known(run.variables, "update_norm")
    assert is_known(run.variables, "gradient_norm") is (off != "gradients")
    assert is_known(run.step, "gradient_global_norm") is (off != "gradients")
    assert is_known(run.activations, "output_gradient_norm") is (off not in ("activations", "gradients"))
    assert is_known(run.activations, "activation_mean") is (off != "activations")
    off_kinds = {"histograms": {"value", "gradient", "update", "activation"}, "activations": {"activation"}}
    off_kinds["gradients"] = {"gradient"}
    kinds = {kind for kind, table in run.histograms.items() if table.rows and np.nansum(table.values)}
    assert kinds == off_kinds["histograms"] - off_kinds.get(str(off), set())
    assert any(epoch.modes for epoch in run.epochs) is (off != "modes")
