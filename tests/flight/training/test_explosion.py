"""Where a loss explodes while the learning rate is raised."""

import numpy as np
import pytest

from tb_nnhealth.flight.training.explosion import (
    explosion_of,
    has_exploded,
    learns,
    levelled,
    smoothed,
    start_of,
)

RATES = np.geomspace(1e-7, 10, 100)


def made(fall=1.0, explodes_at=0.1, noise=0.05, start=2.3, rise=50.0, seed=0):
    """Losses that fall around a rate of 1e-3, and rise from another on."""
    random = np.random.default_rng(seed)
    falling = start - fall / (1 + (1e-3 / RATES) ** 2)
    return falling + rise * np.maximum(0, np.log10(RATES / explodes_at)) + noise * random.normal(size=100)


def test_the_moving_average_is_corrected_for_its_beginning():
    losses = np.array([3.0, 1.0, 2.0])
    expected = [3.0, (0.9 * 3 + 1) / 1.9, (0.81 * 3 + 0.9 * 1 + 2) / 2.71]
    np.testing.assert_allclose(smoothed(losses), expected)
    assert np.isinf(smoothed(np.array([1.0, np.inf, 1.0]))[1:]).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("explodes_at", [0.01, 0.5])
def test_the_explosion_is_found_within_a_factor_of_two(seed, explodes_at):
    found = explosion_of(RATES, made(explodes_at=explodes_at, seed=seed))
    assert 0.5 < found / explodes_at < 2


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_one_bad_batch_are_no_explosion(seed):
    for fall in (0.0, 1.0):
        losses = made(fall, rise=0.0, seed=seed)
        losses[60] += 100
        assert explosion_of(RATES, losses) == np.inf


def test_a_spike_after_which_units_are_dead_is_an_explosion():
    losses = made(rise=0.0)
    losses[70:74] = 1e4
    assert explosion_of(RATES, losses) == RATES[70]


def test_a_bounded_loss_that_stays_above_its_start_exploded():
    losses = np.minimum(made(fall=2.0), 2.3 + 0.5)
    assert 0.05 < explosion_of(RATES, losses) < 0.5


def test_what_is_no_number_is_an_explosion():
    losses = made(rise=0.0)
    losses[80:] = np.nan
    assert explosion_of(RATES, losses) == RATES[80] and has_exploded(losses)
    assert not has_exploded(losses[:80]) and not has_exploded(np.empty(0))


def test_the_explosion_does_not_begin_at_a_spike_before_it():
    losses = made(explodes_at=0.1, noise=0.0)
    first = int(np.argmax(losses > 5))
    losses[first - 3] += 100
    assert RATES[first - 3] < explosion_of(RATES, losses) <= RATES[first]


def test_a_spike_at_the_end_is_no_explosion():
    losses = made(rise=0.0)
    losses[-1] += 100
    assert explosion_of(RATES, losses) == np.inf


@pytest.mark.filterwarnings("error")
def test_nothing_is_learnt_where_the_first_losses_are_no_numbers():
    assert not learns(np.array([1.0, np.nan])) and not learns(np.full(20, np.nan))


def test_whether_anything_is_learnt():
    assert learns(made()) and not learns(made(fall=0.0)) and not learns(made(fall=0.0, noise=0.0))
    start, noise = start_of(made())
    assert start == pytest.approx(2.3, abs=0.05) and 0.02 < noise < 0.1


def test_what_differs_from_batch_to_batch_is_no_noise():
    of_batches = np.tile(np.random.default_rng(1).normal(0, 0.8, 10), 10)
    assert learns(made(0.3) + of_batches)
    assert not learns(made(0.0, rise=0.0) + of_batches)
    np.testing.assert_allclose(levelled(2.0 + of_batches), 2.0 + of_batches[:10].mean())
    assert sum(learns(made(0.0, rise=0.0, seed=seed)) for seed in range(300)) <= 6
