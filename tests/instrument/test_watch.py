"""The watch over the variables knows since when NaN may be there, and looks no more often than it may."""

from typing import Any

import numpy as np
import pytest

from tb_nnhealth.instrument import watch
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.watch import VariableWatch
from tb_nnhealth.records import NonFinite, Place

LAYOUT = Layout({"variables": ("a", "b")}, {"variables": ("value_norm", "value_nonfinite")}, {}, {}, {}, ())


class Looks:
    """A guard that finds the named variables bad."""

    def __init__(self) -> None:
        self.bad: tuple[str, ...] = ()
        self.times = 0

    def left_behind(self, last_step: int) -> NonFinite | None:
        self.times += 1
        return left(last_step, *self.bad) if self.bad else None


def left(step: int, *paths: str) -> NonFinite:
    return NonFinite(step, tuple(Place("update", path, 1.0) for path in paths))


def sample(*counts: float) -> dict[str, np.ndarray]:
    return {"variables": np.array([[1.0, count] for count in counts], np.float32)}


@pytest.fixture
def guard() -> Looks:
    return Looks()


@pytest.fixture
def watched(guard: Any) -> VariableWatch:
    made = VariableWatch(guard)
    made.begin_fit(10)
    return made


def test_nothing_has_come_before_the_fit(watched: VariableWatch) -> None:
    assert watched.dated(left(30, "a")).since == 9
    assert watched.dated(left(10, "a")).since is None


def test_a_sample_shows_variables_as_they_were_before_its_step(watched: VariableWatch) -> None:
    watched.note_sample(20, sample(0, np.nan), LAYOUT)
    assert watched.dated(left(30, "a")).since == 19
    assert watched.dated(left(20, "a")).since is None
    assert watched.dated(left(30, "a", "b")).since == 9, "b was not measured"
    assert watched.dated(left(30, "moving_variance")).since == 9


def test_a_look_sees_all_variables(watched: VariableWatch, guard: Looks) -> None:
    assert watched.look(25) is None
    watched.note_sample(20, sample(0, 0), LAYOUT)
    guard.bad = ("b", "a")
    found = watched.look(40)
    assert found is not None and (found.since, found.step) == (25, 40)
    assert watched.look(25) is None and guard.times == 2, "step 25 was seen finite before"


def test_what_a_step_itself_shows_is_exact(watched: VariableWatch) -> None:
    seen = NonFinite(30, (Place("activation", "dense", 1.0), Place("gradient", "a", 1.0)))
    assert watched.dated(seen) == seen


def test_looks_keep_within_their_share(watched: VariableWatch, guard: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(watch.time, "perf_counter", lambda: now[0])
    original = guard.left_behind

    def slow(last_step: int) -> NonFinite | None:
        now[0] += 2.0
        return original(last_step)

    monkeypatch.setattr(guard, "left_behind", slow)
    assert watched.is_due()
    watched.look(20)
    assert not watched.is_due()
    now[0] += 399.0
    assert not watched.is_due()
    now[0] += 1.0
    assert watched.is_due()
    assert VariableWatch(None).look(5) is None
