"""Evidence as values of a curve: what was observed, and the limit in force, where the numbers are ratios or shares."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.rules._rule import OnCurve
from tests.rules.builder import STEPS, change, findings, healthy, losses, stuck, with_classes, with_epochs
from tests.rules.test_low_update_ratio import LIMITS as SLOW
from tests.rules.test_no_better_than_trivial import LIMITS as GUESS
from tests.rules.test_overfitting import LIMITS as OVERFIT


def one(rule, run):
    (finding,) = findings(rule, run)
    return finding


def test_a_stalled_loss_should_have_ended_below_its_beginning():
    found = one("stalled-loss", stuck(healthy()))
    assert found.on_curve.limit == pytest.approx(0.99 * 2.3, rel=0.02)
    assert found.on_curve.reached > found.on_curve.limit


def test_a_stalled_loss_below_zero_should_have_ended_farther_below():
    found = one("stalled-loss", losses(healthy(), np.full(len(STEPS), -2.0)))
    assert found.on_curve.limit == pytest.approx(-2.0 / 0.99)


def test_a_rising_loss_is_held_against_its_start():
    found = one("increasing-loss", losses(healthy(), 2.0 + 2.0 * STEPS / STEPS[-1]))
    assert found.on_curve.limit == pytest.approx(1.1 * 2.0, rel=0.01)
    assert found.on_curve.reached == pytest.approx(found.on_curve.limit * (1 + found.observed) / 1.1)


def test_steps_that_are_too_small_together_are_held_against_the_mean_step():
    run, _ = SLOW["path"]
    found = one("low-update-ratio", run)
    assert found.limit == 0.1
    assert found.on_curve.limit == pytest.approx(0.1 / run.steps)
    assert found.on_curve.reached == pytest.approx(9e-5)


@pytest.mark.parametrize(("epochs", "curve"), [(7, "loss"), (8, "epoch/loss")])
def test_the_curve_is_that_of_the_epochs_where_these_were_judged(epochs, curve):
    rising = with_epochs(losses(healthy(), 2.0 + 2.0 * STEPS / STEPS[-1]), np.linspace(2.2, 4.0, epochs))
    assert one("increasing-loss", rising).on_curve.curve == curve
    assert one("stalled-loss", with_epochs(stuck(healthy()), [2.3] * epochs)).on_curve.curve == curve


def test_a_swing_from_epoch_to_epoch_is_seen_in_the_curve_of_the_epochs():
    run = with_epochs(stuck(healthy()), [2.3, *[2.0, 3.0] * 5])
    assert one("oscillating-loss", run).on_curve == OnCurve("epoch/loss")


def test_a_late_loss_that_the_epochs_tell_is_seen_in_their_curve():
    steps = np.array([*range(0, 64, 4), 900])
    run = with_classes(replace(losses(healthy(steps=steps), 2.3), steps=910), [10] * 10)
    run = with_epochs(change(run, "step", "data_loss", 2.3), [2.3] * 5)
    found = one("no-better-than-trivial", run)
    assert found.on_curve.curve == "epoch/loss"


def test_a_loss_is_held_against_a_share_of_the_constant_answers():
    run, _ = GUESS["low"]
    found = one("no-better-than-trivial", run)
    assert found.on_curve.limit == pytest.approx(found.on_curve.reached * 0.95 / found.observed)


def test_validation_is_held_against_its_best():
    run, _ = OVERFIT["info"]
    found = one("overfitting", run)
    assert found.on_curve.curve == "epoch/val_loss"
    assert found.on_curve.reached == pytest.approx(found.on_curve.limit * (1 + found.observed) / (1 + found.limit))


def test_an_exploding_norm_is_held_against_the_usual_one():
    norms = np.where(STEPS > 800, 1e3, 1.0)
    run = change(losses(healthy(), np.full(len(STEPS), 3.0)), "step", "gradient_global_norm", norms)
    found = one("exploding-gradient", run)
    assert (found.on_curve.reached, found.on_curve.limit) == (pytest.approx(1e3), pytest.approx(10.0))
