"""The examples of brief trainings, and what is put in their place."""

import keras
import numpy as np
import pytest

from tb_nnhealth.flight.brief.material import batch_size, batches, of_kind, used
from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject


def subject(x, y=None, **arguments):
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Dense(1)])
    return Subject(model, Sample(x, np.arange(len(x)) % 7 if y is None else y, **arguments))


def normal(n=100, features=3):
    return np.random.default_rng(0).normal(size=(n, features)).astype("float32")


@pytest.mark.parametrize("copies", [np.arange(30), np.tile(np.arange(100), 4)])
def test_copies_are_left_out_however_many_there_are(copies):
    x = normal()
    assert used(subject(np.concatenate([x, x[copies]]))).examples == 100


def test_copies_of_one_example_are_kept():
    assert used(subject(np.repeat(normal(1), 120, axis=0))).examples == 120


@pytest.mark.parametrize(
    "x, y, reason",
    [
        (normal(30), None, "has 30$"),
        (np.repeat(normal(4), 30, axis=0), None, "has 4, copies left out$"),
        (normal(), [None], "no targets"),
    ],
)
def test_too_little_is_said(x, y, reason):
    with pytest.raises(NotMeasured, match=reason):
        used(subject(x, y))


def test_batches_are_small_unless_the_model_takes_others_only():
    flexible = subject(normal()).model
    whole = keras.Input(batch_shape=(24, 3))
    fixed = keras.Model(whole, keras.layers.Dense(1)(whole))
    assert batch_size(Sample(normal(), batch_size=64), flexible, 100) == 16
    assert batch_size(Sample(normal(), batch_size=4), flexible, 100) == 4
    assert batch_size(Sample(normal()), fixed, 100) == 24
    with pytest.raises(NotMeasured, match="batches of 24 only"):
        batch_size(Sample(normal()), fixed, 20)


def test_each_example_comes_once_before_any_comes_again():
    given = batches(Sample(np.arange(12)), 4, np.random.default_rng(0))
    for _ in range(2):
        assert sorted(np.concatenate([next(given).x for _ in range(3)])) == list(range(12))


def test_shuffled_inputs_are_the_same_ones_with_other_targets():
    given = subject(normal())
    other = of_kind("shuffled", given.training, given)
    np.testing.assert_array_equal(np.sort(other.x, axis=0), np.sort(given.training.x, axis=0))
    np.testing.assert_array_equal(other.y, given.training.y)
    assert (other.x != given.training.x).any(axis=1).mean() > 0.9


def test_noise_has_the_inputs_mean_and_deviation_and_ids_stay_ids():
    given = subject(5 + 3 * normal(900))
    noise = of_kind("noise", given.training, given).x
    assert noise.dtype == np.float32 and abs(noise.mean() - 5) < 0.4 and abs(noise.std() - 3) < 0.3
    ids = subject(np.arange(200, dtype=np.int32).reshape(100, 2))
    found = of_kind("noise", ids.training, ids).x
    np.testing.assert_array_equal(np.sort(found, axis=0), ids.training.x)


def test_planted_targets_are_the_same_ones_in_the_order_of_the_inputs():
    x = normal(300) * [1, 1, 20]
    given = subject(x, np.random.default_rng(1).normal(size=300))
    planted = of_kind("planted", given.training, given).y
    np.testing.assert_array_equal(np.sort(planted), np.sort(given.training.y))
    # Features are standardized, so that any of them may lead.
    assert max(abs(np.corrcoef(x[:, i], planted)[0, 1]) for i in range(3)) > 0.5
