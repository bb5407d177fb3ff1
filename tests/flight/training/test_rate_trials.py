"""The highest learning rate at which a model learns from its initial weights."""

import numpy as np
import pytest

from tb_nnhealth.flight.training.rate_trials import Trial, bound_of, highest

NOISE = np.linspace(-0.01, 0.01, 10)
STARTS = 2.3 + NOISE[::-1]


def trial(rate, loss, exchanged=4.0):
    return Trial(rate, loss + NOISE, exchanged + NOISE[::-1])


def found(falls, lowest=0.0, top=1.0, least=0.9e-5, exchanged=()):
    """The rate that is found, and those that were tried, where the loss falls so far, one rate after the other."""
    tried = []

    def try_at(rate):
        if len(tried) == len(falls):
            return None
        tried.append(rate)
        return trial(rate, 2.3 - falls[len(tried) - 1], *exchanged[len(tried) - 1 : len(tried)])

    good, trials = highest(try_at, STARTS, top, least, lowest)
    assert [each.rate for each in trials] == tried
    return good and good.rate, tried


def test_the_highest_rate_is_good_where_the_loss_falls_as_far_as_it_was_seen_to():
    assert found([1.5, 2.0]) == (1.0, [1.0])


def test_lower_rates_are_tried_where_it_does_not_and_then_one_above_the_good_one():
    rate, tried = found([-0.5, 0.0, 1.4, 0.1])
    assert rate == pytest.approx(0.01) and tried == pytest.approx([1.0, 0.1, 0.01, 10**-1.5])
    assert found([-0.5, 0.0, 1.4, 1.4])[0] == pytest.approx(10**-1.5)


def test_of_rates_that_all_learn_little_it_is_the_highest_that_learns_half_as_well_as_the_best():
    rate, tried = found([0.05, 0.25, 0.4, 0.15, 0.1])
    assert rate == pytest.approx(0.1) and len(tried) == 5


def test_where_no_rate_learns_all_are_tried_and_none_is_good():
    assert found([0.0] * 20)[0] is None and len(found([0.0] * 20)[1]) == 6


def test_where_the_time_ends_what_was_seen_counts():
    assert found([0.0, 0.5])[0] == pytest.approx(0.1)
    assert found([])[0] is None


def test_answers_that_are_all_alike_have_learnt_nothing_however_far_the_loss_falls():
    starts = 500 + NOISE
    dead, good = trial(1.0, 1.386, exchanged=1.386), trial(1.0, 1.386, exchanged=1.6)
    assert not dead.learns(bound_of(starts, [dead])) and good.learns(bound_of(starts, [good]))


def test_on_the_way_to_an_answer_that_is_all_alike_nothing_is_learnt():
    rate, tried = found([2.2, 0.2, 0.02, 0.002], lowest=-1.0, exchanged=(0.1, 2.0, 2.4, 2.4))
    assert rate is None and len(tried) == 4


def test_where_there_are_no_targets_to_exchange_the_loss_has_to_fall_below_its_start():
    falls = Trial(1.0, 2.0 + NOISE)
    np.testing.assert_array_equal(bound_of(STARTS, [falls]), STARTS)
    assert falls.learns(STARTS) and falls.fall(STARTS) == pytest.approx(0.3)


def test_a_loss_that_falls_by_no_more_than_chance_has_learnt_nothing():
    random = np.random.default_rng(0)
    noisy = [Trial(1.0, random.normal(size=10)).learns(random.normal(size=10)) for _ in range(200)]
    assert sum(noisy) <= 4


def test_a_fall_that_is_sure_and_tiny_is_none():
    assert not Trial(1.0, 0.8289 + NOISE).learns(0.829 + NOISE) and Trial(1.0, 0.8279 + NOISE).learns(0.829 + NOISE)


def test_what_is_no_number_has_learnt_nothing():
    broken = Trial(1.0, np.array([1.0, np.nan]))
    assert not broken.learns(np.array([2.0, 2.0])) and broken.fall(np.array([2.0, 2.0])) == -np.inf
    assert broken.loss > 1e38
    unknown = Trial(1.0, np.array([1.0, 1.0]), np.array([np.nan, 3.0]))
    np.testing.assert_array_equal(bound_of(np.array([2.0, 2.0]), [unknown]), [2.0, 2.0])
