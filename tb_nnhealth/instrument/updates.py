"""What an optimizer did to the variables: the columns of their table, and what their histograms are taken of."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import optimizers
from tb_nnhealth.instrument.trace import NAN
from tb_nnhealth.statistics import moments


@dataclass(frozen=True)
class Update:
    """An optimizer's step on N variables.

    `columns` is float32 `[N, 25]`, `tensors` the N values, gradients and updates, and `statistics` what is known of the
    step, float32 scalars by name.
    """

    columns: tf.Tensor
    tensors: Mapping[str, Sequence[tf.Tensor]]
    statistics: Mapping[str, tf.Tensor]


def measure(
    optimizer: Any,
    before: optimizers.Before,
    variables: Sequence[Any],
    gradients: Sequence[Any],
    unreadable: Container[int],
    with_gradients: bool,
) -> Update:
    """Returns what an optimizer has just done.

    Args:
      optimizer: the optimizer after `apply`.
      before: what was read before it.
      variables: those it was given.
      gradients: theirs, as it was given them, None where there is none.
      unreadable: `id`s of the variables whose gradients must not be read.
      with_gradients: whether the gradients' columns are wanted.
    """
    dense = [
        None if id(variable) in unreadable else optimizers.unscaled(gradient, before)
        for variable, gradient in zip(variables, gradients, strict=True)
    ]
    changes = [_change(old, new) for old, new in zip(before.values, optimizers.read(variables), strict=True)]
    present = [tf.zeros([0]) if g is None or not with_gradients else g for g in dense]
    expected = [kind for kind in (moments.Zeros.FEW, moments.Zeros.MANY, moments.Zeros.UNWANTED) for _ in variables]
    value, gradient, update = tf.split(moments.moments([*before.values, *present, *changes], expected), 3)
    if not with_gradients:
        gradient = tf.fill(gradient.shape, NAN)
    missing = tf.constant([float(g is None) for g in gradients])
    return Update(
        _columns(value, gradient, update, missing),
        {"value": before.values, "gradient": present, "update": changes},
        optimizers.step_statistics(optimizer, before, dense, gradient[:, 0]),
    )


def _change(old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """Returns new − old, float32; where they are float64, they may differ by less than float32 can tell."""
    dtype = tf.float64 if new.dtype == tf.float64 else tf.float32
    return tf.cast(tf.cast(new, dtype) - tf.cast(old, dtype), tf.float32)


def _columns(value: tf.Tensor, gradient: tf.Tensor, update: tf.Tensor, missing: tf.Tensor) -> tf.Tensor:
    """Returns the variables table's columns `[N, 25]` from the moments `[N, 9]` of value, gradient and update.

    A ratio to a variable that is zero means nothing: NaN.
    """
    norm = value[:, 0]
    usable = tf.where(norm > 0, norm, tf.fill(tf.shape(norm), NAN))
    picked = tf.gather(update, [0, 1, 6, 7], axis=1)
    ratios = tf.stack([update[:, 0] / usable, gradient[:, 0] / usable, missing], 1)
    return tf.concat([value, gradient, picked, ratios], 1)
