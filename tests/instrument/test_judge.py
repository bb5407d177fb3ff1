"""When a run is judged while it trains, in simulated time, and what is done about findings."""

import warnings
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("tensorflow")

from tb_nnhealth.instrument import judge as judge_module
from tb_nnhealth.instrument.judge import HealthError, HealthWarning, Judge
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard
from tests.instrument.training import unwarned
from tests.rules.builder import healthy

CARD = Scorecard.from_run(healthy())
COST = 0.5
"""Seconds that judging once takes."""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(judge_module, "time", clock)
    return clock


class Training:
    """A judge, and what it did to the training; `findings` are those of the run now."""

    def __init__(self, on_error: str, clock: Clock, first_step: int = 0) -> None:
        self.findings: list[Finding] = []
        self.done: list[str] = []
        self.clock = clock
        self.judge = Judge(on_error, first_step, self.read, lambda: self.do("stop"), lambda: self.do("leave"))
        self.judge.begin_fit()

    def read(self) -> Scorecard:
        self.clock.now += COST
        return replace(CARD, findings=tuple(self.findings))

    def do(self, what: str) -> Any:
        self.done.append(what)
        return True


def error(rule: str, severity: Any = "error") -> Finding:
    return Finding(rule, severity, "it is bad")


def test_the_first_judgement_waits_for_64_steps_and_not_for_time(clock: Clock) -> None:
    judge = Training("warn", clock).judge
    assert not judge.is_due_at_sample(63) and not judge.is_due_at_epoch_end(63)
    assert judge.is_due_at_sample(64) and judge.is_due_at_epoch_end(64)


@pytest.mark.parametrize(("on_error", "seconds"), [("warn", 2 * COST / 0.005), ("stop", 2 * COST / 0.1)])
def test_later_ones_keep_within_their_share_of_the_time(clock: Clock, on_error: str, seconds: float) -> None:
    judge = Training(on_error, clock).judge
    assert judge.judge(64) == COST
    clock.now = 100.0 + seconds - 0.01
    assert not judge.is_due_at_sample(1000) and not judge.is_due_at_epoch_end(1000)
    clock.now += 0.02
    assert judge.is_due_at_sample(1000) and judge.is_due_at_epoch_end(1000)


def test_between_epochs_the_steps_must_have_doubled(clock: Clock) -> None:
    judge = Training("raise", clock).judge
    judge.judge(100)
    clock.now += 1000.0
    assert not judge.is_due_at_sample(199) and judge.is_due_at_sample(200)
    assert judge.is_due_at_epoch_end(199)


def test_steps_are_counted_from_the_first_one(clock: Clock) -> None:
    judge = Training("warn", clock, first_step=9000).judge
    assert not judge.is_due_at_sample(9063) and judge.is_due_at_sample(9064)


@pytest.mark.parametrize(("on_error", "expected"), [("warn", [9, 18, 36, 72]), ("raise", range(9, 100, 9))])
def test_short_fits_in_a_loop_are_not_all_judged(clock: Clock, on_error: str, expected: Any) -> None:
    judge, judged = Training(on_error, clock).judge, []
    for step in range(9, 100, 9):
        judge.begin_fit()
        if judge.is_due_at_end(step):
            judge.judge(step)
            judged.append(step)
    assert judged == list(expected)


def test_long_fits_in_a_loop_are_all_judged(clock: Clock) -> None:
    judge = Training("warn", clock).judge
    for step in range(100, 1000, 100):
        clock.now += 200 * COST
        assert judge.is_due_at_end(step)
        judge.judge(step)


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_time_between_fits_does_not_count(clock: Clock, is_interrupted: bool) -> None:
    judge = Training("warn", clock).judge
    clock.now += 50 * COST
    judge.judge(64)
    if not is_interrupted:
        judge.end_fit()
    clock.now += 10_000 * COST
    judge.begin_fit()
    assert not judge.is_due_at_epoch_end(100)
    clock.now += 400 * COST
    assert judge.is_due_at_epoch_end(100)


def test_time_of_earlier_fits_counts(clock: Clock) -> None:
    judge = Training("warn", clock).judge
    judge.judge(64)
    clock.now += 300 * COST
    judge.end_fit()
    judge.begin_fit()
    clock.now += 110 * COST
    assert judge.is_due_at_epoch_end(100)


@pytest.mark.parametrize(("on_error", "times"), [("warn", 1), ("stop", 3)])
def test_what_ends_a_fit_is_told_in_each(clock: Clock, on_error: str, times: int) -> None:
    training = Training(on_error, clock)
    training.findings = [error("a")]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in (100, 200, 300):
            training.judge.begin_fit()
            training.judge.judge(step)
    assert len(caught) == times


def test_each_rule_is_told_once(clock: Clock) -> None:
    training = Training("warn", clock)
    training.findings = [error("a"), error("b", "warning")]
    with pytest.warns(HealthWarning, match=r"^a: it is bad$"):
        training.judge.judge(64)
    training.findings.append(error("c"))
    with pytest.warns(HealthWarning, match=r"^c: it is bad$"):
        training.judge.judge(128)
    with unwarned():
        training.judge.judge(256)
    assert training.done == []


def test_a_warning_that_a_filter_makes_an_error_of_goes_to_stderr(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    training = Training("warn", clock)
    training.findings = [error("a")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        training.judge.judge(64)
    assert capsys.readouterr().err == "HealthWarning: a: it is bad\n"


def test_stop(clock: Clock) -> None:
    training = Training("stop", clock)
    training.findings = [error("a"), error("b")]
    with pytest.warns(HealthWarning, match=r"^a: it is bad; b: it is bad \(training is stopped\)$"):
        training.judge.judge(64)
    assert training.done == ["stop"]


def test_raise(clock: Clock) -> None:
    training = Training("raise", clock)
    training.findings = [error("a")]
    with pytest.raises(HealthError, match=r"^a: it is bad$"):
        training.judge.judge(64)
    assert training.done == ["leave"]
