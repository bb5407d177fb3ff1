"""unbounded-loss: losses that fall below zero for ever."""

import numpy as np
import pytest

from tests.rules.builder import STEPS, findings, healthy, losses, stuck, thin, unmeasured, verdict, with_head

RULE = "unbounded-loss"
SQUARE = 1 - (STEPS / 100) ** 2

LIMITS = {"depth": (losses(healthy(), SQUARE), 1000)}


def test_losses_with_a_floor_pass():
    for run in (healthy(), stuck(healthy()), losses(healthy(), 1 - 30 * (1 - np.exp(-STEPS / 100)))):
        assert findings(RULE, run) == ()


def test_a_loss_that_falls_ever_faster_below_zero_is_a_warning():
    (finding,) = findings(RULE, losses(healthy(), SQUARE))
    assert finding.severity == "warning" and finding.statistic == "loss"
    assert finding.observed == pytest.approx(71.25, abs=0.01)
    assert finding.message.startswith("The loss falls below zero ever faster: from 1")
    assert len(findings(RULE, thin(losses(healthy(), SQUARE), 3))) == 1


def test_one_that_falls_ever_faster_and_is_above_zero_passes():
    assert findings(RULE, losses(healthy(), 1000 + SQUARE)) == ()


@pytest.mark.parametrize(("start", "count"), [(4.0, 1), (40.0, 0)])
def test_how_far_it_started_from_zero_is_what_it_is_compared_with(start, count):
    assert len(findings(RULE, losses(healthy(), start + 0.9 * (SQUARE - 1)))) == count


@pytest.mark.parametrize(("end", "count"), [(-20.0, 1), (-0.7, 0)])
def test_a_loss_that_starts_near_zero_is_compared_with_one(end, count):
    falls = 0.004 + (end - 0.004) * (STEPS / STEPS[-1]) ** 3
    assert len(findings(RULE, losses(healthy(), falls))) == count


def test_losses_that_have_a_lowest_value_are_not_judged():
    run = with_head(losses(healthy(), SQUARE), "CosineSimilarity")
    assert verdict(RULE, run).reason == "the compiled loss has a lowest value"
    assert len(findings(RULE, with_head(run, "BinaryCrossentropy"))) == 1


def test_unmeasured_and_short_runs():
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"
    assert verdict(RULE, losses(healthy(), np.full(len(STEPS), np.nan))).status == "no_data"
