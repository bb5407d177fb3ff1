"""Inputs and targets of any form as numbers."""

import numpy as np
import pytest

from tb_nnhealth.flight.brief.features import MOST_FEATURES, encoded, features, main_direction


def random():
    return np.random.default_rng(0)


def test_features_are_standardized_and_constant_ones_left_out():
    x = {"a": random().normal(5, 3, (50, 4)), "b": [np.ones((50, 2), np.float32), None]}
    x["a"][0, 0] = np.nan
    found = features(x, random())
    assert found.shape == (50, 4)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(found.std(axis=0), 1)


def test_large_inputs_are_projected_and_keep_their_distances():
    x = random().normal(size=(30, 20, 20, 3))
    found = features(x, random())
    assert found.shape == (30, MOST_FEATURES)
    apart = np.linalg.norm(found[0] - found[1:], axis=1) / np.sqrt(MOST_FEATURES)
    np.testing.assert_allclose(apart, np.sqrt(2), rtol=0.3)


@pytest.mark.parametrize(
    "x",
    [
        np.array([[1, 2, 2], [3, 3, 4]] * 5, np.int32),
        np.array([["a b"], ["b c d"]] * 5, object),
        np.array([[100000 + i, 7 * i] for i in (0, 1)] * 5, np.int64),
    ],
)
def test_what_has_other_ids_or_words_has_other_features(x):
    found = features(x, random())
    np.testing.assert_allclose(found[0], found[2])
    assert np.abs(found[0] - found[1]).max() > 0.5


def test_classes_become_ones_and_zeros():
    assert encoded(np.array([0, 1, 2, 1], np.int64), random()).shape == (4, 3)
    assert encoded(np.array([0.5, 1.5, 2.5, 1.0]), random()).shape == (4, 1)
    assert encoded(np.full(4, 3), random()).shape == (4, 0)


def test_the_main_direction_is_that_of_the_largest_spread():
    values = random().normal(size=(100, 3)) * [1, 10, 1]
    assert abs(np.corrcoef(main_direction(values), values[:, 1])[0, 1]) > 0.99
    assert main_direction(np.empty((4, 0))).tolist() == [0, 0, 0, 0]
