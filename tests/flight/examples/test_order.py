"""Order statistics against naive counting, and what they are of orders that are known."""

from itertools import combinations

import numpy as np
import pytest

from tb_nnhealth.flight.examples import order

CLASSES = np.random.default_rng(0).integers(0, 4, 203)


def agreement(pairs):
    return np.mean([one == other for one, other in pairs])


def test_agreement_is_that_of_all_pairs():
    random = np.random.default_rng(1)
    batches = [CLASSES[start : start + 10] for start in range(0, 200, 10)]
    within = order.of_batches(CLASSES, 10, random, shuffles=99)
    assert within.observed == pytest.approx(agreement([pair for batch in batches for pair in combinations(batch, 2)]))
    assert within.expected == pytest.approx(agreement(combinations(CLASSES[:200], 2)))
    beside = order.of_neighbours(CLASSES, random, shuffles=99)
    assert beside.observed == pytest.approx(agreement(zip(CLASSES[1:], CLASSES[:-1], strict=True)))


def test_p_is_the_share_of_orders_that_agree_as_much():
    few = np.array([0, 0, 1, 0, 1, 1])
    p = order.of_neighbours(few, np.random.default_rng(2), shuffles=4999).p
    # Of the 20 orders of three zeros and three ones, 14 have two or more equal neighbours.
    assert p == pytest.approx(14 / 20, abs=0.03)


def test_sorted_and_shuffled_classes():
    random, rows = np.random.default_rng(3), np.repeat(np.arange(5), 64)
    in_order = order.of_batches(rows, 16, random, shuffles=99)
    assert (in_order.excess, in_order.p) == (1.0, 0.01) and order.single_batches(rows, 16) == 1.0
    mixed = order.of_batches(random.permutation(rows), 16, random, shuffles=99)
    assert abs(mixed.excess) < 0.05 and mixed.p > 0.01
    assert order.of_batches(np.zeros(64, int), 16, random, shuffles=9).excess == 0.0


def test_numbers_are_correlated_by_their_ranks():
    random = np.random.default_rng(4)
    values = np.exp(5 * np.sort(random.normal(size=100)))
    assert order.of_numbers(values, random, shuffles=99) == (pytest.approx(1, abs=0.01), 0.01)
    correlation, p = order.of_numbers(random.permutation(values), random, shuffles=99)
    assert abs(correlation) < 0.3 and p > 0.01


def test_sorted_numbers_go_one_way():
    assert order.one_way(np.array([3.0, 2.0, 2.0, 1.0])) == 1.0
    assert order.one_way(np.array([1.0, 2.0, 1.0, 2.0, 1.0])) == 0.5
    assert order.one_way(np.ones(3)) == 0.0
