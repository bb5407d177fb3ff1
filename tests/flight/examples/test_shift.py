"""How two sets differ, and what chance makes of them."""

import numpy as np
import pytest

from tb_nnhealth.flight.examples import shift


def random():
    return np.random.default_rng(0)


def test_factor_and_shift_are_in_the_first_set_s_widths():
    rows = random().normal(size=(2000, 3))
    found = shift.compared(rows, rows * [1, 10, 1] + [0, 0, 2], random())
    np.testing.assert_allclose(found.factor, [1, 10, 1], rtol=1e-6)
    np.testing.assert_allclose(found.shift, [0, found.shift[1], 2], atol=0.05)
    assert found.p[0] > 0.5 and (found.p[1:] == 1 / (1 + shift.PERMUTATIONS)).all()


def test_pictures_are_compared_by_channel():
    pictures = random().normal([0, 5, 9], [1, 2, 3], (40, 6, 6, 3))
    means, squares = shift.channel_moments(pictures)
    np.testing.assert_allclose(means[7], pictures[7].mean(axis=(0, 1)))
    np.testing.assert_allclose(squares[7], (pictures[7] ** 2).mean(axis=(0, 1)))
    found = shift.compared(pictures, pictures / 255, random())
    np.testing.assert_allclose(found.factor, 1 / 255)
    np.testing.assert_allclose(found.width, [1, 2, 3], rtol=0.1)


def test_p_counts_the_splits_that_differ_as_much():
    ours, theirs = np.arange(4.0)[:, None], np.array([[10.0], [11.0]])
    # Of the 15 ways to choose two of six, two have the two extreme ranks of either end.
    assert shift.p_values(ours, theirs, random())[0] == pytest.approx(2 / 15, abs=0.03)


def test_false_alarms_over_all_columns_are_as_rare_as_p(monkeypatch):
    monkeypatch.setattr(shift, "PERMUTATIONS", 99)
    generator = random()
    alarms = [
        (shift.p_values(generator.normal(size=(20, 10)), generator.normal(size=(9, 10)), generator) <= 0.1).any()
        for _ in range(200)
    ]
    assert 0.03 < np.mean(alarms) < 0.18


def test_shares_of_classes():
    ours, theirs = np.repeat([0, 1], [90, 10]), np.repeat([0, 1], [50, 50])
    apart, p = shift.p_of_shares(ours, theirs, random())
    assert apart == pytest.approx(0.4) and p == 1 / (1 + shift.PERMUTATIONS)
    assert shift.p_of_shares(ours, ours[::2], random()) == (pytest.approx(0), 1.0)


def test_a_class_is_unseen_by_chance():
    np.testing.assert_allclose(shift.p_unseen(np.array([0.5, 0.001]), 3, 4), [0.5, 1.0])
