"""What float error explains, and what it does not."""

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.compare.aligning import Alignment
from tb_nnhealth.compare.judging import SAFETY, Judge
from tb_nnhealth.compare.noise import LEAST_LENGTH, UNITS, Noise, coarsest, sum_length
from tb_nnhealth.compare.record import Record

UNIT = 2.0**-24


def judged(ours, reference, spread=None, stage="output"):
    ours, reference = (np.asarray(value, np.float32) for value in (ours, reference))
    key = (stage, "a")
    records = (Record({key: value}, {}, dtypes=frozenset({"float32"})) for value in (ours, reference))
    pairs = (("a", "a"),)
    alignment = Alignment(pairs if stage == "output" else (), (), pairs if stage == "weights" else ())
    (row,) = Judge(*records, {} if spread is None else {key: np.asarray(spread)}, {}).rows(alignment)
    return row


def test_each_element_may_move_as_far_as_it_did():
    spread = [1e-6, 1e-6, 1e-3, 1e-6]
    assert judged([1, 1, 1.003, 1], [1, 1, 1, 1], spread).same
    row = judged([1.003, 1, 1, 1], [1, 1, 1, 1], spread)
    assert not row.same
    assert row.tolerance == pytest.approx(SAFETY * np.mean(spread), rel=1e-6)  # The mean is granted to each.
    assert row.difference == pytest.approx(0.003, rel=1e-3) and row.ratio == pytest.approx(3, rel=0.01)


def test_figures_of_a_row():
    row = judged([1, 2, 3], [1, 2, 4], [0.1, 0.1, 0.1])
    assert (row.difference, row.relative, row.same) == (1.0, 0.25, False)
    assert judged([0, 0], [0, 0], [0, 0]).relative == 0
    assert judged([1e-3, 0], [0, 0], [0, 0]).relative == np.inf


def test_nan_and_infinity_are_the_same_only_at_the_same_places():
    assert judged([np.nan, np.inf, 1], [np.nan, np.inf, 1], [0, 0, 0.1]).same
    for ours in ([1, np.inf, 1], [np.nan, -np.inf, 1], [np.nan, np.inf, np.nan]):
        row = judged(ours, [np.nan, np.inf, 1], [0.1, 0.1, 0.1])
        assert not row.same and "not finite" in row.note


@pytest.mark.parametrize("stage", ["weights", "output"])
def test_the_last_bit_of_a_value_may_differ_even_where_nothing_moved_it(stage):
    assert judged(1 + 2 * UNIT, 1, [0.0], stage).same
    assert not judged(1 + 20 * UNIT, 1, [0.0], stage).same


def test_other_shapes_are_a_difference():
    assert "shapes (2,) and (3,)" in judged([1, 1], [1, 1, 1]).note


@pytest.mark.parametrize("length", [4, 100, 10_000])
def test_moves_are_as_large_as_the_rounding_of_a_sum(length):
    ones = tf.ones([20_000], tf.float64)
    moved = Noise(UNIT, 0).moved(ones, length).numpy() - 1
    assert np.std(moved) == pytest.approx(UNIT * np.sqrt(max(length, LEAST_LENGTH)), rel=0.03)
    assert abs(np.mean(moved)) < np.std(moved) / 30


@pytest.mark.parametrize("length", [4, 100, 10_000])
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_moves_in_a_coarse_type_are_one_rounding_whatever_the_length(name, length):
    moved = Noise(UNITS[name], 0).moved(tf.ones([20_000], tf.float64), length).numpy() - 1
    assert np.std(moved) == pytest.approx(UNITS[name], rel=0.05)


def test_moves_cover_what_a_sum_in_float32_is_rounded_by():
    rng = np.random.default_rng(0)
    for length in (64, 1024):
        a, b = (rng.normal(size=(200, length)).astype(np.float32) for _ in range(2))
        exact = np.sum(a.astype(np.float64) * b, axis=1)
        naive = np.zeros(200, np.float32)
        for i in range(length):
            naive += a[:, i] * b[:, i]
        moved = [np.sum(Noise(UNIT, i).moved(tf.constant(a, tf.float64), length).numpy() * b, axis=1) for i in range(8)]
        reach = SAFETY * np.max(np.abs(np.array(moved) - exact), axis=0)
        assert np.all(np.abs(naive - exact) <= np.maximum(reach, reach.mean()))


def test_gradients_are_moved_too():
    x = tf.ones([50, 4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = Noise(UNIT, 0).both_ways(x, 100)
    gradient = tape.gradient(y, x).numpy()
    assert np.mean(gradient != y.numpy()) > 0.5  # The factor alone would give the gradient its own error.
    assert np.max(np.abs(gradient - 1)) < 1e-5


def test_how_long_sums_are():
    assert sum_length([(3, 3, 8, 16), (16,)], [(32, 10, 10, 8)]) == 72
    assert sum_length([(16,), (16,)], [(32, 10, 10, 16)]) == 3200
    assert sum_length([], [(4, 100)]) == 100
    assert sum_length([], []) == 1


def test_the_coarsest_type_counts():
    assert coarsest(frozenset({"float32", "float16", "int32"})) == "float16"
    assert coarsest(frozenset({"float64"})) == "float64"
    assert coarsest(frozenset({"int64"})) == "float32"
