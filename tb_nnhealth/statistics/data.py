"""Statistics of the tensors of a batch: inputs, targets, predictions."""

import tensorflow as tf

from tb_nnhealth.statistics.activations import by_unit
from tb_nnhealth.statistics.branch import rare
from tb_nnhealth.statistics.numerics import RESOLUTION, attach, count_zeros, detach, finite_part, is_safe, unit_scale

COLUMNS = (
    "data_mean",
    "data_std",
    "data_min",
    "data_max",
    "data_zero_fraction",
    "data_nonfinite",
    "feature_std_min",
    "feature_std_max",
    "constant_features",
)


def batch_statistics(x: tf.Tensor) -> tf.Tensor:
    """Returns the statistics COLUMNS of one tensor of the batch, over its finite elements.

    Args:
      x: `[batch, …, features]`, any real dtype; computed in float32. A feature is an index on the
        last axis, its spread taken over batch and positions; a tensor of rank 1 has one feature.

    Returns:
      float32 `[9]`; NaN where there is no finite element, and the smallest spread also where no feature varies.
    """
    return _batch_statistics(detach(by_unit(x)))


def class_counts(labels: tf.Tensor, classes: int, weights: tf.Tensor | None = None) -> tf.Tensor:
    """Returns how many examples of the batch have each class, or the sum of their weights, float32 `[classes]`.

    Args:
      labels: integers of any shape; ids outside `[0, classes)` are not counted.
      classes: number of classes.
      weights: of the labels, float32, one for each.
    """
    ids = tf.cast(tf.reshape(labels, [-1]), tf.int32)
    ids = tf.where((ids >= 0) & (ids < classes), ids, classes)
    weights = tf.ones_like(ids, tf.float32) if weights is None else weights
    return tf.math.unsorted_segment_sum(weights, ids, classes + 1)[:classes]


@tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
def _batch_statistics(bits: tf.Tensor) -> tf.Tensor:
    x = attach(bits)
    feature_mean = tf.reduce_mean(x, 0)
    feature_variance = tf.reduce_mean(tf.math.squared_difference(x, feature_mean), 0)
    mean = tf.reduce_mean(feature_mean)
    variance = tf.reduce_mean(feature_variance) + tf.reduce_mean(tf.math.squared_difference(feature_mean, mean))
    return tf.cond(
        is_safe(variance), lambda: _plain(x, feature_mean, feature_variance, mean, variance), lambda: _careful(x)
    )


def _plain(
    x: tf.Tensor, feature_mean: tf.Tensor, feature_variance: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor
) -> tf.Tensor:
    zero_fraction = 1.0 - 2.0 * tf.nn.l2_loss(tf.sign(x)) / tf.cast(tf.size(x), tf.float32)
    bounds = [tf.reduce_min(x), tf.reduce_max(x)]
    spreads = _spreads(tf.sqrt(feature_variance), feature_mean, tf.ones([]))
    return tf.stack([mean, tf.sqrt(variance), *bounds, zero_fraction, 0.0, *spreads])


@rare(None, None)
def _careful(x: tf.Tensor) -> tf.Tensor:
    finite, mask, count = finite_part(x)
    size = tf.cast(tf.size(x), tf.float32)
    nan, infinity = tf.constant(float("nan")), tf.constant(float("inf"))
    scale = unit_scale(tf.reduce_max(tf.concat([tf.reshape(tf.abs(finite), [-1]), [0.0]], 0)))
    scaled = finite / scale
    mean = tf.reduce_sum(scaled) / count
    std = tf.sqrt(tf.reduce_sum(tf.square((scaled - mean) * mask)) / count)
    lowest = tf.reduce_min(tf.where(mask > 0, x, infinity))
    highest = tf.reduce_max(tf.where(mask > 0, x, -infinity))
    rows = tf.reduce_sum(mask, 0)
    feature_mean = tf.math.divide_no_nan(tf.reduce_sum(scaled, 0), rows)
    spread = tf.sqrt(tf.math.divide_no_nan(tf.reduce_sum(tf.square((scaled - feature_mean) * mask), 0), rows))
    spreads = _spreads(spread, feature_mean, scale)
    measured = tf.stack([mean * scale, std * scale, lowest, highest, count_zeros(x) / count])
    measured = tf.where(count > 0, measured, nan)
    return tf.concat([measured, [size - count], tf.where(count > 0, tf.stack(spreads), nan)], 0)


def _spreads(spread: tf.Tensor, feature_mean: tf.Tensor, scale: tf.Tensor) -> list[tf.Tensor]:
    """Returns the smallest spread of a feature that varies (NaN: none does), the largest, and how many do not vary."""
    constant = spread <= RESOLUTION * tf.abs(feature_mean)
    count = tf.reduce_sum(tf.cast(constant, tf.float32))
    spread *= scale
    infinity, nan = tf.constant(float("inf")), tf.constant(float("nan"))
    smallest = tf.reduce_min(tf.where(constant, infinity, spread))
    smallest = tf.where(count < tf.cast(tf.size(spread), tf.float32), smallest, nan)
    return [smallest, tf.reduce_max(tf.where(constant, 0.0, spread)), count]
