"""The loss without regularization, beside what a constant answer would lose."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch
from tb_nnhealth.rules._data_loss import best_over_trivial, end_of_data_loss, validation_over_trivial
from tb_nnhealth.rules._learning import (
    learns_well,
)
from tb_nnhealth.rules._loss import loss_curve
from tests.rules.builder import (
    STEPS,
    change,
    hardly_sampled_late,
    healthy,
    losses,
    with_classes,
    with_epochs,
    with_head,
    with_step,
    with_two_outputs,
)


def test_the_late_data_loss_is_that_of_the_epochs_where_hardly_any_step_was_sampled_late():
    run = with_classes(change(hardly_sampled_late(1.0, 0.4, 0.4), "step", "data_loss", 9.0), [10, 10])
    assert learns_well(run)
    penalized = change(run, "step", "regularization_loss", 0.3)
    assert end_of_data_loss(penalized, loss_curve(penalized)) == pytest.approx(0.1)


def test_validation_is_not_compared_where_the_examples_of_the_training_are_weighted():
    run = with_classes(healthy(), [30, 10])
    run = replace(run, epochs=tuple(Epoch(i, 100 * (i + 1), {"loss": 0.1, "val_loss": 2.0}) for i in range(4)))
    assert validation_over_trivial(run) > 3
    assert np.isnan(validation_over_trivial(with_step(run, "weight/p", 1.0)))


def test_epochs_of_a_summed_loss_are_not_compared_with_steps():
    run = with_epochs(with_head(healthy(), reduction="sum"), np.ones(20))
    assert len(loss_curve(run).losses) == len(STEPS)
    learnt = [Epoch(i, 100 * (i + 1), {"loss": 1.0, "val_loss": 400.0}) for i in range(4)]
    run = with_classes(replace(healthy(), epochs=tuple(learnt)), [16, 16])
    assert validation_over_trivial(run) > 100
    assert np.isnan(validation_over_trivial(with_head(run, reduction="sum")))  # in batches of another size


def test_the_best_output_is_known_where_another_one_hides_it_which_the_training_follows():
    run = losses(with_two_outputs(healthy()), 2.65)
    assert best_over_trivial(run, loss_curve(run)) == pytest.approx(2.65 / (np.log(2) + 2.0))
    assert not learns_well(run)
    run = with_step(with_step(run, "output_loss/size", 4.0), "output_loss/kind", 0.65)
    assert best_over_trivial(run, loss_curve(run)) == pytest.approx(0.65 / np.log(2))
    assert not learns_well(run)


def test_validation_is_not_compared_where_one_output_may_hide_another():
    epochs = tuple(Epoch(i, 100 * (i + 1), {"loss": 0.1, "val_loss": 9.0}) for i in range(4))
    assert np.isnan(validation_over_trivial(replace(with_two_outputs(healthy()), epochs=epochs)))
