"""The highest learning rate at which a model learns from its initial weights."""

import numpy as np
import pytest

from tb_nnhealth.flight.training.rate_trials import Trial, bound_of, highest

NOISE = np.linspace(-0.01, 0.01, 10)


def trial(rate, loss, start=2.3, others=4.0):
    return Trial(rate, loss + NOISE, bound_of(start + NOISE[::-1], others + NOISE[::-1]))


def found(falls, lowest=0.0, top=1.0, least=0.9e-5):
    """The rate that is found, and those that were tried, where the loss falls so far by rates from the highest down."""
    tried = []

    def try_at(rate):
        if len(tried) == len(falls):
            return None
        tried.append(rate)
        return trial(rate, 2.3 - falls[len(tried) - 1])

    good, trials = highest(try_at, top, least, lowest)
    assert [each.rate for each in trials] == tried
    return good and good.rate, tried


def test_the_highest_rate_is_good_where_the_loss_falls_as_far_as_it_was_seen_to():
    assert found([1.5, 2.0]) == (1.0, [1.0])


def test_lower_rates_are_tried_where_it_does_not():
    rate, tried = found([-0.5, 0.0, 1.4, 2.0])
    assert rate == pytest.approx(0.1) and len(tried) == 3


def test_of_rates_that_all_learn_little_it_is_the_highest_that_learns_half_as_well_as_the_best():
    rate, tried = found([0.05, 0.25, 0.4, 0.15, 0.1])
    assert rate == pytest.approx(10**-0.5) and len(tried) == 4


def test_where_no_rate_learns_all_are_tried_and_none_is_good():
    assert found([0.0] * 20)[0] is None and len(found([0.0] * 20)[1]) == 11


def test_where_the_time_ends_what_was_seen_counts():
    assert found([0.0, 0.5])[0] == pytest.approx(10**-0.5)
    assert found([])[0] is None


def test_answers_that_are_all_alike_have_learnt_nothing_however_far_the_loss_falls():
    dead = trial(1.0, 1.386, start=500.0, others=1.386)
    assert not dead.learns and trial(1.0, 1.386, start=500.0, others=1.6).learns


def test_a_loss_that_falls_by_no_more_than_chance_has_learnt_nothing():
    random = np.random.default_rng(0)
    noisy = [Trial(1.0, random.normal(size=10), random.normal(size=10)) for _ in range(200)]
    assert sum(each.learns for each in noisy) <= 4


def test_what_is_no_number_has_learnt_nothing():
    broken = Trial(1.0, np.array([1.0, np.nan]), np.array([2.0, 2.0]))
    assert not broken.learns and broken.fall == -np.inf and broken.loss > 1e38
    unknown = Trial(1.0, np.array([1.0, 1.0]), bound_of(np.array([2.0, 2.0]), np.array([np.nan, 3.0])))
    assert unknown.learns and unknown.fall == 1.0
