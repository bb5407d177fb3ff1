"""What the ends of epochs tell: how long an epoch is."""

from dataclasses import replace

import pytest

from tb_nnhealth.records import Epoch
from tb_nnhealth.rules._epochs import curve, steps_per_epoch
from tests.rules.builder import healthy, losses, with_epochs


def ended(*ends, planned=None, since=0):
    """A run with epochs of these numbers and ends."""
    run = healthy()
    epochs = tuple(Epoch(number, step, {}) for number, step in ends)
    return replace(run, epochs=epochs, loss_since=since, model=replace(run.model, plan={"steps_per_epoch": planned}))


def test_the_plan_tells_it_first():
    assert steps_per_epoch(ended((0, 40), (1, 80), planned=100)) == 100


@pytest.mark.parametrize(
    "ends", [[(0, 40)], [(0, 40), (1, 80)], [(0, 40), (1, 80), (2, 90)], [(0, 40), (2, 120), (3, 160)]]
)
def test_else_the_epochs_that_ended(ends):
    assert steps_per_epoch(ended(*ends)) == 40


def test_neither_a_thinned_epoch_nor_one_whose_beginning_was_not_seen_tells_it():
    assert steps_per_epoch(ended((4, 500), (9, 1000))) is None
    assert steps_per_epoch(ended()) is None


def test_a_resumed_or_recompiled_run_counts_from_where_it_began():
    assert steps_per_epoch(ended((0, 5040), since=5000)) == 40
    assert steps_per_epoch(ended((0, 100), (1, 200), (0, 240), (1, 280), since=200)) == 40


def test_the_curve_of_a_log_stands_at_the_epochs_last_steps():
    steps, values = curve(with_epochs(healthy(), [2.0, 1.0]), "loss")
    assert (steps.tolist(), values.tolist()) == ([healthy().steps // 2 - 1, healthy().steps - 1], [2.0, 1.0])


def test_losses_that_are_all_zero_were_not_kept_unless_the_steps_are_zero_too():
    kept = with_epochs(healthy(), [0.0] * 9)
    assert len(curve(kept, "loss")[1]) == 0
    assert len(curve(with_epochs(healthy(), [0.0] * 8 + [1e-9]), "loss")[1]) == 9
    assert len(curve(with_epochs(losses(kept, 0.0), [0.0] * 9), "loss")[1]) == 9
