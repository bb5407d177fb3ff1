"""Neighbours' votes against a naive search."""

import numpy as np
import pytest

from tb_nnhealth.flight.examples.neighbours import NEAREST, as_points, votes


def test_votes_are_those_of_the_nearest():
    random = np.random.default_rng(0)
    points, classes = random.normal(size=(80, 3)), random.integers(0, 3, 80)
    found = votes(points, classes)
    for i in range(80):
        others = [j for j in range(80) if j != i]
        near = sorted(others, key=lambda j: ((points[i] - points[j]) ** 2).sum())[:NEAREST]
        counts = np.bincount(classes[near], minlength=3)
        assert counts[found.says[i]] == counts.max() and found.united[i] == (counts.max() == NEAREST)


def test_points_are_rows_by_their_deviations_and_arrays_of_one_weight():
    random = np.random.default_rng(1)
    rows, pictures = random.normal(5, [1, 1000, 0], (200, 3)), random.normal(3, 2, (200, 32, 32, 1))
    points = as_points([rows, pictures], random)
    lengths = [np.sqrt((points[:, part] ** 2).sum(axis=1).mean()) for part in (slice(3), slice(3, None))]
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    assert lengths[0] == pytest.approx(np.sqrt(2 / 3)) and lengths[1] == pytest.approx(1, abs=0.1)


def test_wide_examples_keep_their_distances():
    random = np.random.default_rng(2)
    wide = random.normal(size=(60, 5000)) + 3 * random.normal(size=(3, 5000))[np.arange(60) % 3]
    found = votes(as_points([wide], random), np.arange(60) % 3)
    assert (found.says == np.arange(60) % 3).all() and found.united.all()
