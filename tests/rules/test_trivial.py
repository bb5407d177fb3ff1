"""The loss of the best constant answer: of classes, of numbers, of several outputs."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.rules._trivial import trivial_loss
from tests.rules.builder import (
    STEPS,
    change,
    healthy,
    table,
    with_classes,
    with_data,
    with_head,
    with_shares,
    with_spread,
    with_step,
    with_two_outputs,
)


def compiled(run, *names):
    return replace(run, model=replace(run.model, compile={"losses": [{"class_name": name} for name in names]}))


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
def test_trivial_loss_of_classes_is_their_entropy(name):
    run = with_classes(compiled(healthy(), name), [30, 10])
    assert trivial_loss(run) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_trivial_loss_of_binary_targets_is_their_entropy():
    run = compiled(healthy(), "BinaryCrossentropy")
    run = with_shares(with_data(run, "target/y", data_min=0.0, data_max=1.0), 0.5)
    assert trivial_loss(run) == pytest.approx(np.log(2))
    assert np.isnan(trivial_loss(change(run, "data", "data_max", 2.0, "target/y")))


def test_trivial_loss_of_a_squared_error_is_the_targets_variance():
    assert trivial_loss(with_spread(compiled(healthy(), "MeanSquaredError"), 3.0)) == 9.0


def test_the_variance_of_targets_is_that_within_the_batches_and_between_them():
    run = with_spread(compiled(healthy(), "MeanSquaredError"), 0.1)
    drift = np.sin(np.arange(len(STEPS)))
    drifting = change(run, "data", "data_mean", drift, "target/y")
    assert trivial_loss(drifting) == pytest.approx(0.01 * 31 / 32 + drift.var(ddof=1))
    one_by_one = change(change(drifting, "step", "batch_size", 1.0), "step", "target_variance/p", np.nan)
    assert trivial_loss(one_by_one) == pytest.approx(drift.var(ddof=1))
    images = with_head(drifting, "MeanSquaredError", target=(None, 8, 8, 1))
    assert trivial_loss(images) == pytest.approx(0.01 + drift.var(ddof=1) - 0.01 / 32)
    assert trivial_loss(change(images, "data", "data_mean", 0.0, "target/y")) == pytest.approx(0.01)


def test_each_unit_has_a_constant_answer_of_its_own():
    run = compiled(healthy(), "BinaryCrossentropy")
    run = with_shares(with_data(run, "target/y", data_min=0.0, data_max=1.0), 0.5, 0.0, 1.0)
    assert trivial_loss(run) == pytest.approx(np.log(2) / 3)


@pytest.mark.parametrize("name", ["SparseCategoricalCrossentropy", "BinaryCrossentropy"])
def test_trivial_loss_has_the_weights_of_the_examples(name):
    run = with_data(compiled(healthy(), name), "target/y", data_min=0.0, data_max=1.0)
    shares = (1.5, 1.5) if name.startswith("Sparse") else (1.5,)
    assert trivial_loss(with_step(with_shares(run, *shares), "weight/p", 3.0)) == pytest.approx(3 * np.log(2))


def with_loss(run, **settings):
    return replace(run, model=replace(run.model, compile={"losses": [{**run.model.compile["losses"][0], **settings}]}))


def test_trivial_loss_has_the_weight_of_the_loss():
    run = with_spread(compiled(healthy(), "MeanSquaredError"), 3.0)
    assert trivial_loss(with_loss(run, weight=0.01)) == pytest.approx(0.09)
    assert np.isnan(trivial_loss(with_loss(run, weight=None)))
    assert trivial_loss(with_loss(run, reduction="sum_over_batch_size")) == 9.0
    assert trivial_loss(with_loss(run, reduction="sum")) == 9.0 * 32
    assert np.isnan(trivial_loss(with_loss(run, reduction="none")))
    assert np.isnan(trivial_loss(with_loss(run, reduction="sum", ignore_class=0)))
    batch = [replace(tensor, shape=(None, 7, 10)) for tensor in run.model.batch]
    sequences = replace(run, model=replace(run.model, batch=tuple(batch)))
    assert np.isnan(trivial_loss(with_loss(sequences, reduction="sum")))


def test_smoothed_labels_are_what_a_constant_answers():
    run = with_classes(compiled(healthy(), "CategoricalCrossentropy"), [40, 0])
    expected = -0.95 * np.log(0.95) - 0.05 * np.log(0.05)
    assert trivial_loss(with_loss(run, label_smoothing=0.1)) == pytest.approx(expected)
    run = with_data(compiled(healthy(), "BinaryCrossentropy"), "target/y", data_min=0.0, data_max=1.0)
    assert trivial_loss(with_loss(with_shares(run, 1.0), label_smoothing=0.1)) == pytest.approx(expected)


def test_a_class_that_is_left_out_is_no_part_of_the_answer():
    run = with_classes(compiled(healthy(), "SparseCategoricalCrossentropy"), [80, 10, 10])
    assert trivial_loss(with_loss(run, ignore_class=0)) == pytest.approx(np.log(2))
    missing = with_shares(run, 0.2, 0.2, 0.0)  # the others have a number that no unit has
    assert trivial_loss(with_loss(missing, ignore_class=-1)) == pytest.approx(np.log(2))


def test_an_unknown_loss_has_no_trivial_one():
    run = with_spread(healthy(), 3.0)
    assert np.isnan(trivial_loss(compiled(run, "MeanSquaredError", "MeanSquaredError")))
    assert np.isnan(trivial_loss(compiled(run)))


def test_trivial_loss_of_several_outputs_is_the_weighted_sum_of_each():
    assert trivial_loss(with_two_outputs(healthy())) == pytest.approx(np.log(2) + 2.0)
    weighted = with_step(with_two_outputs(healthy()), "weight/kind", 1.0)
    assert trivial_loss(weighted) == pytest.approx(np.log(2) + 2.0)
    for unknown in ({"class_name": "Huber"}, {"reduction": None}, {"output": "other"}, {"weight": None}):
        assert np.isnan(trivial_loss(with_two_outputs(healthy(), **unknown))), unknown


def test_each_output_has_the_targets_of_its_own():
    drift = np.sin(np.arange(len(STEPS)))
    run = with_two_outputs(healthy())
    means = {"data_mean": np.stack([np.zeros(len(STEPS)), drift], axis=1)}
    run = replace(run, data=table(("target/kind", "target/size"), means, STEPS))
    assert trivial_loss(run) == pytest.approx(np.log(2) + 0.5 * (4 * 31 / 32 + drift.var(ddof=1)))


def test_trivial_loss_is_that_of_the_targets_that_the_present_loss_saw():
    spread = np.where(STEPS < 900, 1.0, 3.0)
    run = with_spread(compiled(healthy(), "MeanSquaredError"), spread)
    assert 1.0 < trivial_loss(run) < 9.0
    assert trivial_loss(replace(run, loss_since=900)) == 9.0


def test_a_rare_class_tells_a_trivial_loss_although_most_batches_have_none_of_it():
    run = compiled(healthy(), "BinaryCrossentropy")
    share = np.where(np.arange(len(STEPS)) % 4 == 0, 0.04, 0.0)
    run = with_shares(with_data(run, "target/y", data_min=0.0, data_max=1.0), share)
    assert trivial_loss(run) == pytest.approx(-0.01 * np.log(0.01) - 0.99 * np.log(0.99))
