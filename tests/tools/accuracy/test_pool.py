"""Processes are trained several at once, limited in time, and what went wrong is told."""

import io
import os
import time

import pytest
from rich.console import Console

from tools.accuracy import pool
from tools.accuracy.pool import train_all
from tools.accuracy.store import Run, Task


@pytest.fixture
def train(tmp_path):
    """Trains cases by name, and returns troubles and what was shown."""

    def call(*names, jobs=2, limit=30.0):
        shown = io.StringIO()
        tasks = [Task("zoo", Run(tmp_path, name, 0)) for name in names]
        return train_all("tests.tools.accuracy.pretended", tasks, jobs, limit, Console(file=shown)), shown.getvalue()

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
