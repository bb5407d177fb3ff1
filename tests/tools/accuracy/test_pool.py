"""Processes are trained several at once, limited in time, and what went wrong is told."""

import io
import os
import stat
import sys
import time

import pytest
from rich.console import Console

from tools.accuracy import pool
from tools.accuracy.pool import Task, train_all
from tools.accuracy.store import Run

# Stands in for the interpreter; it is called as "-m tools.accuracy.train PART NAME SEED OUTPUT".
PROGRAM = f"""#!{sys.executable} -S
import os, pathlib, sys, time
name, seed, output = sys.argv[4], sys.argv[5], pathlib.Path(sys.argv[6])
print("hello from", name)
(output / f"pid.{{name}}").write_text(str(os.getpid()))
if name == "fails": sys.exit(3)
time.sleep(60 if name.startswith("slow") else 0.3)
(output / "trained").mkdir(exist_ok=True)
if name != "forgets": (output / "trained" / f"{{name}}.{{seed}}.json").write_text("{{}}")
"""


@pytest.fixture(autouse=True)
def interpreter(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pool.sys, "executable", str(program))


@pytest.fixture
def train(tmp_path):
    """Trains cases by name, and returns troubles and what was shown."""

    def call(*names, jobs=2, limit=30.0):
        shown = io.StringIO()
        tasks = [Task("zoo", Run(tmp_path, name, 0)) for name in names]
        return train_all(tasks, jobs, limit, Console(file=shown)), shown.getvalue()

    return call


def is_alive(path):
    try:
        os.kill(int(path.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_what_went_wrong_is_told_and_the_others_are_trained(train, tmp_path):
    troubles, shown = train("fine", "fails", "forgets", "fine_too")
    printed = tmp_path / "printed"
    assert troubles == {
        "fails 0": f"ended with code 3, see {printed / 'fails.0.txt'}",
        "forgets 0": f"ended with code 0, see {printed / 'forgets.0.txt'}",
    }
    assert sorted(path.name for path in printed.iterdir()) == ["fails.0.txt", "forgets.0.txt"]
    assert (printed / "fails.0.txt").read_text() == "hello from fails\n"
    assert Run(tmp_path, "fine", 0).is_trained and Run(tmp_path, "fine_too", 0).is_trained
    assert "fine 0 trained\n" in shown and "fails 0 ended with code 3" in shown


def test_a_training_that_takes_too_long_is_ended(train, tmp_path):
    start = time.monotonic()
    troubles, _ = train("slow", "fine", limit=2.0)
    assert troubles == {"slow 0": "took more than 2 s"}
    assert time.monotonic() - start < 20
    assert not is_alive(tmp_path / "pid.slow")
    assert Run(tmp_path, "fine", 0).is_trained


def test_an_interruption_ends_what_is_running(train, tmp_path, monkeypatch):
    def interrupt(seconds, sleep=time.sleep):
        sleep(seconds)
        if (tmp_path / "pid.slow_too").exists():
            raise KeyboardInterrupt

    monkeypatch.setattr(pool.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train("slow", "slow_too", "fine")
    assert not is_alive(tmp_path / "pid.slow") and not is_alive(tmp_path / "pid.slow_too")
    assert not (tmp_path / "pid.fine").exists()


def test_nothing_to_train_is_no_trouble(train):
    assert train()[0] == {}
