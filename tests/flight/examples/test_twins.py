"""Which examples are the same."""

import numpy as np
import pytest

from tb_nnhealth.flight.examples import twins

PICTURES = np.random.default_rng(0).normal(size=(50, 8, 8, 3)).astype("float32")


def random():
    return np.random.default_rng(1)


def test_twins_have_one_number():
    words = np.array([["a", "b"], ["a", "b"], ["a", "c"], ["a", "b"]], object)
    ids = np.array([1, 1, 1, 2])
    assert twins.twins([words]).tolist() == [0, 0, 1, 0]
    assert twins.twins([words, ids]).tolist() == [0, 0, 1, 2]
    assert twins.first_of_each([words, ids]).tolist() == [0, 2, 3]


@pytest.mark.parametrize("other", [PICTURES[[3, 7]], ((PICTURES * 3).astype("float32") / 3)[[3, 7]]])
def test_the_same_but_for_rounding_is_found(other):
    strangers = np.random.default_rng(2).normal(size=(5, 8, 8, 3))
    assert twins.common([np.concatenate([other, strangers])], [PICTURES], random()).tolist() == [3, 7] + [-1] * 5


def test_what_differs_in_one_value_is_not_the_same():
    rows = np.random.default_rng(3).normal(size=(40, 4))
    rows[:, 0] *= 1e6
    other = rows[:10] + np.array([0, 0, 1e-2, 0])
    assert twins.common([other], [rows], random()).tolist() == [-1] * 10


def test_whole_numbers_and_texts_must_be_equal():
    ids, words = np.arange(10**6, 10**6 + 30)[:, None], np.array([f"text {i}" for i in range(30)], object)
    assert twins.common([ids[:2] + 100], [ids], random()).tolist() == [-1, -1]
    assert twins.common([words[4:6]], [words], random()).tolist() == [4, 5]
    assert twins.common([words[4:6], ids[4:6] + 1], [words, ids], random()).tolist() == [-1, -1]


def test_single_numbers_that_are_near_by_chance_are_not_the_same():
    column = np.linspace(0, 1, 3000)[:, None].astype("float32")
    assert (twins.common([column[:50] + np.float32(5e-6)], [column], random()) == -1).all()
    assert twins.common([column[:50]], [column], random()).tolist() == list(range(50))


def test_many_alike_and_columns_of_one_value_do_no_harm():
    rows = np.concatenate([np.ones((40, 2)), np.arange(40.0)[:, None]], axis=1)
    assert twins.common([rows[[5]]], [rows], random()).tolist() == [5]
    assert twins.common([np.full((1, 2), np.nan)], [np.ones((3, 2))], random()).tolist() == [-1]


def test_empty_pictures_do_not_vary():
    assert twins.vary([np.stack([np.zeros(4), np.arange(4.0)])]).tolist() == [False, True]
    assert twins.vary([np.zeros((2, 3)), np.arange(6.0).reshape(2, 3)]).tolist() == [True, True]


@pytest.mark.parametrize(
    ("array", "may"),
    [
        (PICTURES, False),
        (np.random.default_rng(4).normal(size=(300, 1)), False),
        (np.random.default_rng(5).integers(0, 3, (1000, 4)), True),
        (np.random.default_rng(5).integers(0, 17, (1000, 64)), False),
        (np.random.default_rng(6).integers(0, 5000, (1000, 2)), True),
    ],
)
def test_inputs_of_few_values_may_coincide(array, may):
    assert twins.may_coincide([array], random()) == may
