"""The loss as a curve: where it begins and ends, and when it has settled."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.rules._loss import has_settled, loss_curve
from tests.rules.builder import (
    STEPS,
    hardly_sampled_late,
    healthy,
    losses,
    recompiled,
    with_epochs,
)


def test_curve_takes_the_sampled_steps_or_enough_epochs():
    assert len(loss_curve(with_epochs(healthy(), np.ones(7))).losses) == len(STEPS)
    curve = loss_curve(with_epochs(healthy(), np.linspace(2, 1, 8)))
    assert (len(curve.losses), curve.steps[-1]) == (8, 950)
    assert curve.start == pytest.approx(2.3, abs=0.2)  # of the first steps, not of the first epoch


def test_the_epochs_tell_the_end_where_hardly_any_step_was_sampled_late():
    run = hardly_sampled_late(1.5, 0.6, 0.4)
    assert loss_curve(run).end == 0.5, "of the epochs that ended in the last half"
    assert len(loss_curve(run).losses) == 17
    assert loss_curve(replace(run, epochs=())).end == 9.0
    assert loss_curve(with_epochs(healthy(), [9.0, 9.0])).end == pytest.approx(0.35, abs=0.05), "samples tell it"


def test_what_is_not_finite_is_no_part_of_the_curve():
    curve = loss_curve(losses(healthy(), np.where(STEPS > 500, np.inf, 1.0)))
    assert curve.steps[-1] == 500 and curve.fell == 0.0


def test_only_what_was_seen_of_the_present_loss_is_its_curve():
    curve = loss_curve(recompiled(healthy()))
    assert curve.steps[0] == 500 and curve.start == pytest.approx(20 * np.exp(-1.1))
    epochs = with_epochs(recompiled(healthy()), [*np.linspace(2, 1, 10), *np.linspace(20, 10, 10)])
    assert loss_curve(epochs).losses.tolist() == pytest.approx(list(np.linspace(20, 10, 10)))


def test_a_run_settles_when_it_ends_or_has_gone_on_for_long():
    assert has_settled(healthy())
    assert not has_settled(replace(healthy(), finished=False, steps=999))
    assert has_settled(replace(healthy(), finished=False, steps=1000))


def test_steps_count_from_the_first_that_was_seen():
    resumed = replace(healthy(steps=5000 + STEPS), loss_since=5000, finished=False)
    assert not has_settled(resumed)
    assert has_settled(replace(resumed, steps=6000))
