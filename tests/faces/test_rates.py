"""The loss against the learning rate, whatever stands in the file."""

import json

import numpy as np
import pytest

from tb_nnhealth.faces.rates import MOST_POINTS, PROBE, rates_of
from tests.flown import EXPLOSION, rates
from tests.rules.builder import healthy, with_probe


def curve(**changes):
    return rates_of(with_probe(PROBE, **{**rates(), **changes}))


def test_curve_and_marks_are_those_that_were_measured():
    shown, values = curve(), rates()
    np.testing.assert_array_equal(shown.rates, values["rates"])
    np.testing.assert_array_equal(shown.losses, values["losses"])
    np.testing.assert_array_equal(shown.smoothed, values["smoothed"])
    assert (shown.explosion, shown.suggestion, shown.own) == (EXPLOSION, EXPLOSION / 10, (1e-3,))
    assert (shown.first, shown.last, shown.log) == (1e-6, 1.0, False)


@pytest.mark.parametrize("explosion", [EXPLOSION, None])
def test_chart_shows_what_comes_before_the_explosion(explosion):
    shown = curve(explosion=explosion)
    assert 0.95 < shown.low < 1.0 and 2.4 < shown.high < 2.7


def test_chart_holds_the_whole_of_a_curve_that_falls_to_the_end():
    shown = curve(explosion=None, losses=np.geomspace(3, 1, 61), smoothed=np.geomspace(3, 1, 61))
    assert (shown.low, shown.high) == (1.0, 3.0)


def test_losses_that_differ_by_far_before_they_explode_stand_on_a_logarithmic_scale():
    assert curve(smoothed=np.geomspace(1e4, 1, 61), losses=np.geomspace(1e4, 1, 61)).log


@pytest.mark.parametrize(
    ("own", "shown"),
    [(1e-3, (1e-3,)), ([3e-4, 1e-5, 1e-2], (1e-5, 1e-2)), ([1e-3] * 9, (1e-3,)), (None, ()), ("x", ())],
)
def test_own_rate_is_one_or_the_ends_of_a_schedule(own, shown):
    assert curve(own=own).own == shown


@pytest.mark.parametrize(("own", "first", "last"), [(1e-8, 1e-8, 1.0), (30.0, 1e-6, 30.0), (1e-20, 1e-6, 1.0)])
def test_chart_reaches_to_the_own_rate_unless_it_is_out_of_reach(own, first, last):
    shown = curve(own=own)
    assert (shown.first, shown.last) == (first, last)


@pytest.mark.parametrize(
    "changes",
    [
        {"rates": []}, {"rates": "x"}, {"rates": [1e-3]}, {"rates": [1e-3] * 61}, {"rates": [-1.0] * 61},
        {"rates": [None] * 61}, {"smoothed": [None] * 61}, {"losses": None},
    ],
)  # fmt: skip
def test_there_is_no_curve_of_too_little(changes):
    assert curve(**changes) is None


def test_there_is_no_curve_where_the_probe_was_not_run():
    assert rates_of(healthy()) is None
    assert rates_of(with_probe(PROBE, reason="it did not fit into the budget")) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"smoothed": [1e308] * 61}, {"smoothed": [5e-324] * 60 + [3e38]}, {"losses": [1e300] * 61},
        {"rates": list(np.geomspace(1e-300, 1e300, 61))}, {"smoothed": [0.0] * 61, "losses": [0.0] * 61},
        {"smoothed": [-3e38] * 30 + [3e38] * 31}, {"explosion": 1e-9, "suggestion": -1.0}, {"rates": [1e-3, 1.0, 0.1]},
    ],
)  # fmt: skip
def test_any_numbers_give_strict_data_and_a_chart_of_some_height(changes):
    shown = curve(**changes)
    if shown is not None:
        assert shown.low < shown.high and 0 < shown.first < shown.last
        assert (np.diff(shown.rates) >= 0).all()
        json.dumps(shown.to_dict(), allow_nan=False)


def test_points_are_bounded():
    count = 10 * MOST_POINTS
    shown = curve(rates=np.geomspace(1e-6, 1, count), losses=np.ones(count), smoothed=np.ones(count))
    assert 500 <= len(shown.rates) <= MOST_POINTS
