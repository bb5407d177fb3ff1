"""Batches are taken ahead of the step: no more than are needed, with what the data fails with behind them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.instrument.taking import Taken, take
from tests.instrument.zoo import flat, numbers

SPEC = (tf.TensorSpec([None, 2], tf.float32), tf.TensorSpec([None], tf.float32))


def batches(*sizes: int) -> Iterator[Any]:
    def each() -> Iterator[Any]:
        for size in sizes:
            yield np.full((size, 2), size, np.float32), np.zeros(size, np.float32)

    return iter(tf.data.Dataset.from_generator(each, output_signature=SPEC))


def sizes(taken: Taken) -> list[int]:
    return [] if taken.batches is None else [len(x) for x, _ in taken.batches]


def failing_at(index: int) -> tf.data.Dataset:
    """Returns batches of four, of which the one with the example of this number cannot be made."""

    def checked(x: tf.Tensor, y: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.control_dependencies([tf.debugging.Assert(number != index, ["broken record"])]):
            return tf.identity(x), y

    examples = (flat(16, 6), numbers(16), np.arange(16))
    return tf.data.Dataset.from_tensor_slices(examples).map(checked).batch(4)


def test_it_takes_what_is_left_and_no_more() -> None:
    iterator = batches(4, 4, 3)
    assert sizes(take(iterator, 2)) == [4, 4]
    assert sizes(take(iterator, 2)) == [3]
    assert take(iterator, 2) == Taken(None, None)


def test_it_takes_what_there_is_before_the_data_fails() -> None:
    iterator = iter(failing_at(8))
    assert sizes(take(iterator, 1)) == [4]
    taken = take(iterator, 3)
    assert sizes(taken) == [4] and "broken record" in str(taken.error)


def test_what_it_takes_is_of_the_iterators_own_type() -> None:
    iterator = batches(4)
    taken = take(iterator, 1)
    assert taken.batches is not None and taken.batches.element_spec == iterator.element_spec


def test_it_takes_nothing_from_another_kind_of_iterator() -> None:
    left = iter([1, 2])
    with pytest.raises(TypeError, match=r"Expected the batches of a tf\.data\.Iterator\. Received: list_iterator"):
        take(left, 1)
    assert list(left) == [1, 2]
