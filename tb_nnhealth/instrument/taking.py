"""Batches that are taken from Keras' iterator ahead of the step, which can then be run on them more than once."""

from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Taken:
    """Batches, None where there were none left, and what the data failed with behind them."""

    batches: tf.data.Dataset | None
    error: tf.errors.OpError | None


def take(iterator: Any, count: int) -> Taken:
    """Takes the next batches from an iterator, at most `count`.

    Raises:
      TypeError: the iterator is not one of `tf.data`; nothing was taken.
    """
    if not isinstance(iterator, tf.data.Iterator):
        raise TypeError(f"Expected the batches of a tf.data.Iterator. Received: {type(iterator).__name__}")
    batches, failure = None, None
    for _ in range(count):
        try:
            optional = iterator.get_next_as_optional()
        except tf.errors.OpError as error:
            failure = error
            break
        if not optional.has_value():
            break
        batch = _dataset(optional.get_value(), iterator.element_spec)
        batches = batch if batches is None else batches.concatenate(batch)
    return Taken(batches, failure)


def _dataset(batch: Any, element_spec: Any) -> tf.data.Dataset:
    """Returns a dataset of the one batch, of the training's element type: the step that counts is not traced anew."""
    variant = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
    return tf.data.experimental.from_variant(variant, element_spec)
