"""Values that are moved off kinks, and stay what they may be."""

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.gradients import nudged as module
from tb_nnhealth.flight.gradients.nudged import direction, nudged, scale


def random():
    return np.random.default_rng(0)


KINDS = {
    "signed": random().standard_normal(500),
    "zero": np.zeros(500),
    "positive": np.abs(random().standard_normal(500)) * 9,
    "after a ReLU": np.maximum(random().standard_normal(500), 0) * 9,
    "probabilities": random().random(500) ** 8,
}


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_stays_where_it_is_nor_leaves_what_it_may_be(kind):
    values, generator = KINDS[kind], np.random.default_rng(1)
    moved = np.asarray(nudged(values, generator))
    assert (moved != 0).all() and np.abs(moved - values).max() < 0.2 * max(0.1, np.abs(values).max())
    if kind not in ("signed", "zero"):
        for step in (0.01, -0.01):
            stepped = moved + step * np.asarray(direction(moved, scale(moved), generator))
            assert (stepped > 0).all() and (kind != "probabilities" or (stepped < 1).all())


def test_a_direction_is_of_the_values_scale():
    values = np.array([1000.0, -1000.0, 1e-3])
    assert (np.abs(direction(values, scale(values), random())) <= 3 * np.array([1000, 1000, 100])).all()


def test_ones_may_be_changed_too():
    assert (scale(np.ones(4)).of(np.ones(4)) == 1).all()


def test_what_is_made_block_by_block_is_the_same_for_an_array_and_a_tensor(monkeypatch):
    values = random().standard_normal((7, 100)).astype(np.float32)
    whole = [np.asarray(nudged(values, random())), np.asarray(direction(values, scale(values), random()))]
    monkeypatch.setattr(module, "BLOCK", 64)
    made = [nudged(tf.constant(values), random()), direction(tf.constant(values), scale(values), random())]
    for one, other in zip(whole, made, strict=True):
        assert other.dtype == tf.float32 and other.shape == (7, 100)
        np.testing.assert_array_equal(one, other)


def test_nothing_is_moved_where_there_is_nothing():
    assert nudged(np.empty((0, 3), np.float32), random()).shape == (0, 3)
