"""Whether a run learns, and when it is too early to say."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch, ModeLosses, NonFinite, Place
from tb_nnhealth.rules import NotJudged
from tb_nnhealth.rules._learning import (
    fails_in_inference,
    fails_in_validation,
    learns_by_heart,
    learns_well,
    learnt_little,
    never_fell,
    suffers,
    validation_is_unlike,
)
from tb_nnhealth.rules._trivial import trivial_loss
from tests.rules.builder import (
    STEPS,
    change,
    healthy,
    losses,
    recompiled,
    stuck,
    with_classes,
    with_head,
    with_spread,
)


def test_a_run_learns_by_its_own_start_where_labels_are_unknown():
    assert learns_well(healthy()) and not learns_well(stuck(healthy()))
    assert np.isnan(trivial_loss(healthy()))


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


def test_a_loss_that_was_compiled_anew_rises_for_no_one():
    run = recompiled(healthy())
    assert learns_well(run) and not learns_well(replace(run, loss_since=0))


def test_a_loss_that_was_seen_for_a_few_steps_only_tells_nothing_of_learning():
    with pytest.raises(NotJudged, match="the loss in force has been seen for 63 of the 64 steps"):
        learns_well(replace(healthy(), steps=1000, loss_since=937))


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
