"""Iterators of Python's own, copied."""

import csv
import itertools

import pytest

from tb_nnhealth.flight.keeping.iterators import copied, is_iterator


def letters():
    yield from "abc"


class Mine:
    def __iter__(self):
        return self

    def __next__(self):
        return 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: itertools.count(3, 2),
        lambda: itertools.cycle([1, 2, 3]),
        lambda: iter([1, 2, 3, 4]),
        lambda: iter(range(9)),
        lambda: iter({"a": 1, "b": 2, "c": 3}),
        lambda: enumerate("abcd"),
        lambda: enumerate(itertools.cycle("abc")),
        lambda: zip(itertools.count(), iter("abcd"), strict=False),
        lambda: map(str, iter([1, 2, 3])),
        lambda: itertools.chain([1], iter([2, 3, 4])),
        lambda: itertools.islice(itertools.count(), 1, 9, 2),
        lambda: reversed([1, 2, 3]),
    ],
)
@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_copy_goes_on_from_the_same_place_and_the_original_stays(make, steps):
    def following(iterator):
        return list(itertools.islice(iterator, 7))

    expected, original = make(), make()
    list(itertools.islice(expected, steps)), list(itertools.islice(original, steps))
    first, second = copied(original), copied(original)
    rest = following(expected)
    assert following(first) == rest and following(second) == rest and following(original) == rest


@pytest.mark.parametrize("make", [letters, lambda: enumerate(letters()), lambda: csv.reader(["a"])])
def test_what_cannot_be_copied_is_told_and_stays(make):
    iterator = make()
    with pytest.raises(TypeError):
        copied(iterator)
    assert next(iterator) in ("a", (0, "a"), ["a"])


def test_what_is_an_iterator_of_pythons_own():
    assert all(map(is_iterator, (itertools.count(), iter(()), letters())))
    assert not any(map(is_iterator, (Mine(), [1], "a", 1, range(3), Mine)))
