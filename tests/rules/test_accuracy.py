"""Whether an accuracy among the logs is better than a guess."""

from dataclasses import replace

import pytest

from tb_nnhealth.records import Epoch
from tb_nnhealth.rules._accuracy import better_than_guess
from tests.rules.builder import healthy, with_classes, with_step


def scored(value, counts=(16, 16), **logs):
    """A run of 3200 examples an epoch, whose epochs end with an accuracy."""
    epochs = tuple(Epoch(i, 100 * (i + 1), {"accuracy": value, **logs}) for i in range(9))
    return replace(with_classes(healthy(), counts), epochs=epochs)


def with_plan(run, steps):
    return replace(run, model=replace(run.model, plan={"epochs": 9, "steps_per_epoch": steps}))


def test_what_is_above_the_most_frequent_class_is_better():
    assert better_than_guess(scored(0.64)) == ("accuracy", 0.64, 0.5)
    assert better_than_guess(scored(0.52)) is None
    assert better_than_guess(scored(0.75, counts=(24, 8))) is None


def test_few_examples_may_be_right_by_chance():
    assert better_than_guess(with_plan(scored(0.64), 4)) is None
    assert better_than_guess(with_plan(scored(0.64), 20)) is not None
    assert better_than_guess(replace(with_plan(scored(0.64), None), epochs=())) is None


@pytest.mark.parametrize(("validation", "holds"), [(0.5, False), (0.56, False), (0.58, True)])
def test_what_a_validation_does_not_keep_is_learnt_by_heart(validation, holds):
    assert bool(better_than_guess(scored(0.64, val_accuracy=validation))) == holds


def test_an_accuracy_of_elements_or_weighted_examples_tells_nothing():
    run = scored(0.9)
    of_elements = {**run.model.compile, "metrics": ["BinaryAccuracy"]}
    assert better_than_guess(replace(run, model=replace(run.model, compile=of_elements))) is None
    assert better_than_guess(with_step(run, "weight/y", 1.0)) is None
    assert better_than_guess(replace(run, classes=healthy().classes)) is None
