"""What rules ask of a run is computed once for it, and anew for a run that was made of it."""

import dataclasses

import pytest

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged
from tests.rules.builder import healthy

ASKED = []


@once
def _times(run: HealthRun, factor: int = 1) -> int:
    ASKED.append(factor)
    return run.steps * factor


@once
def _unknown(run: HealthRun) -> int:
    raise NotJudged("nothing is known")


def test_a_run_is_asked_once_for_each_argument():
    ASKED.clear()
    run = healthy()
    assert [_times(run), _times(run), _times(run, 2), _times(run, 2)] == [run.steps, run.steps, *[2 * run.steps] * 2]
    assert ASKED == [1, 2]


def test_another_run_is_asked_anew():
    run = healthy()
    assert _times(dataclasses.replace(run, steps=3)) + _times(run) == 3 + run.steps


def test_what_is_not_known_stays_so():
    run = healthy()
    for _ in range(2):
        with pytest.raises(NotJudged):
            _unknown(run)
