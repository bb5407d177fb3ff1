"""How the loss went: the curve, what validation tells, and when it is too early to say."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch, ModeLosses, NonFinite, Place
from tb_nnhealth.rules import NotJudged
from tb_nnhealth.rules._loss import (
    best_over_trivial,
    end_of_data_loss,
    fails_in_inference,
    fails_in_validation,
    has_settled,
    learns_by_heart,
    learns_well,
    learnt_little,
    loss_curve,
    never_fell,
    suffers,
    validation_is_unlike,
    validation_over_trivial,
)
from tb_nnhealth.rules._trivial import trivial_loss
from tests.rules.builder import (
    STEPS,
    change,
    healthy,
    losses,
    stuck,
    with_classes,
    with_epochs,
    with_head,
    with_spread,
    with_step,
    with_two_outputs,
)


def test_curve_takes_the_sampled_steps_or_enough_epochs():
    assert len(loss_curve(with_epochs(healthy(), np.ones(7))).losses) == len(STEPS)
    curve = loss_curve(with_epochs(healthy(), np.linspace(2, 1, 8)))
    assert (len(curve.losses), curve.steps[-1]) == (8, 950)
    assert curve.start == pytest.approx(2.3, abs=0.2)  # of the first steps, not of the first epoch


def hardly_sampled_late(*means):
    """A run of 910 steps whose noisy loss was sampled once after step 60, and the means of its epochs."""
    steps = np.array([*range(0, 64, 4), 900])
    return with_epochs(losses(replace(healthy(steps=steps), steps=910), np.tile([9.0, 0.01], 9)[:17]), means)


def test_the_epochs_tell_the_end_where_hardly_any_step_was_sampled_late():
    run = hardly_sampled_late(1.5, 0.6, 0.4)
    assert loss_curve(run).end == 0.5, "of the epochs that ended in the last half"
    assert len(loss_curve(run).losses) == 17
    assert loss_curve(replace(run, epochs=())).end == 9.0
    assert loss_curve(with_epochs(healthy(), [9.0, 9.0])).end == pytest.approx(0.35, abs=0.05), "samples tell it"


def test_the_late_data_loss_is_that_of_the_epochs_where_hardly_any_step_was_sampled_late():
    run = with_classes(change(hardly_sampled_late(1.0, 0.4, 0.4), "step", "data_loss", 9.0), [10, 10])
    assert learns_well(run)
    penalized = change(run, "step", "regularization_loss", 0.3)
    assert end_of_data_loss(penalized, loss_curve(penalized)) == pytest.approx(0.1)


def test_what_is_not_finite_is_no_part_of_the_curve():
    curve = loss_curve(losses(healthy(), np.where(STEPS > 500, np.inf, 1.0)))
    assert curve.steps[-1] == 500 and curve.fell == 0.0


def test_a_run_learns_by_its_own_start_where_labels_are_unknown():
    assert learns_well(healthy()) and not learns_well(stuck(healthy()))
    assert np.isnan(trivial_loss(healthy()))


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


def test_regularization_is_no_part_of_what_is_compared_with_the_trivial_loss():
    run = losses(with_spread(with_head(healthy(), "MeanSquaredError"), 1.0), 5.0)
    assert not learns_well(run)
    assert learns_well(change(run, "step", "data_loss", 0.5))


def test_a_run_that_has_only_begun_is_not_judged_by_its_loss():
    begun = replace(stuck(healthy()), finished=False, steps=63)
    with pytest.raises(NotJudged, match="training has only begun: 63 of the 64 steps"):
        learns_well(begun)
    assert not learns_well(replace(begun, finished=True))
    assert not learns_well(replace(begun, steps=64))


def test_a_run_settles_when_it_ends_or_has_gone_on_for_long():
    assert has_settled(healthy())
    assert not has_settled(replace(healthy(), finished=False, steps=999))
    assert has_settled(replace(healthy(), finished=False, steps=1000))


def recompiled(run, since=500, level=20.0):
    """The run with another loss from a step on, which falls as the first one did."""
    loss = run.step.series("loss", "step")
    return replace(losses(run, np.where(run.step.steps < since, loss, level * np.exp(-STEPS / 500))), loss_since=since)


def test_only_what_was_seen_of_the_present_loss_is_its_curve():
    curve = loss_curve(recompiled(healthy()))
    assert curve.steps[0] == 500 and curve.start == pytest.approx(20 * np.exp(-1.1))
    epochs = with_epochs(recompiled(healthy()), [*np.linspace(2, 1, 10), *np.linspace(20, 10, 10)])
    assert loss_curve(epochs).losses.tolist() == pytest.approx(list(np.linspace(20, 10, 10)))


def test_a_loss_that_was_compiled_anew_rises_for_no_one():
    run = recompiled(healthy())
    assert learns_well(run) and not learns_well(replace(run, loss_since=0))


def test_a_loss_that_was_seen_for_a_few_steps_only_tells_nothing_of_learning():
    with pytest.raises(NotJudged, match="the loss in force has been seen for 63 of the 64 steps"):
        learns_well(replace(healthy(), steps=1000, loss_since=937))


def test_steps_count_from_the_first_that_was_seen():
    resumed = replace(healthy(steps=5000 + STEPS), loss_since=5000, finished=False)
    assert not has_settled(resumed)
    assert has_settled(replace(resumed, steps=6000))


def test_a_loss_whose_start_was_not_seen_may_have_fallen():
    flat = stuck(healthy(steps=5000 + STEPS))
    assert never_fell(flat) and not never_fell(replace(flat, loss_since=5000))


def validated(*of_validation, modes=None):
    """A run of ten even classes that learns, with these validation losses."""
    logs = [{} if math.isnan(loss) else {"val_loss": loss} for loss in of_validation]
    epochs = tuple(Epoch(i, 100 * (i + 1), log, modes) for i, log in enumerate(logs))
    return replace(with_classes(healthy(), np.full(10, 3)), epochs=epochs)


def test_validation_data_are_unlike_those_of_the_training_where_they_are_far_worse_from_the_first_epoch_on():
    unlike = validated(60.0, 50.0, 70.0)
    assert validation_is_unlike(unlike) and fails_in_validation(unlike) and not learns_by_heart(unlike)
    assert suffers(unlike)
    near = validated(2.5, 50.0, 70.0)
    assert not validation_is_unlike(near) and learns_by_heart(near)


def test_they_are_not_where_it_may_have_been_learnt_by_heart_before_or_is_of_the_inference_mode():
    assert not validation_is_unlike(validated(math.nan, 60.0, 50.0, 70.0))
    lost_in_inference = validated(60.0, 50.0, 70.0, modes=ModeLosses(0.3, 40.0))
    assert not validation_is_unlike(lost_in_inference)
    assert fails_in_validation(lost_in_inference) and fails_in_inference(lost_in_inference)
    assert not learns_by_heart(lost_in_inference) and not suffers(lost_in_inference)
    assert validation_is_unlike(validated(60.0, 50.0, 70.0, modes=ModeLosses(0.3, 0.3)))
    unlearnt = validated(60.0, 50.0, 70.0)
    assert not validation_is_unlike(replace(unlearnt, step=stuck(healthy()).step))


def test_a_loss_that_rose_until_it_was_not_finite_has_lost_what_was_learnt():
    died = NonFinite(960, (Place("loss", "", 1.0),))
    for curve, lost in ((np.geomspace(2.3, 0.3, len(STEPS)), False), (np.geomspace(0.1, 0.4, len(STEPS)), True)):
        learnt = losses(with_classes(healthy(), np.full(10, 3)), curve)
        assert not suffers(learnt) and suffers(replace(learnt, nonfinite=died)) == lost


def test_little_is_learnt_where_most_of_what_was_there_to_lose_is_left():
    for start, end, little in (
        (2.3, 2.0, True),
        (2.3, 1.7, False),
        (1.7, 1.5, True),
        (1.7, 1.3, False),
        (0.5, 0.49, False),
    ):
        run = losses(with_classes(healthy(), np.full(10, 3)), np.geomspace(start, end, len(STEPS)))
        assert learnt_little(run) == little and not learnt_little(replace(run, finished=False))
