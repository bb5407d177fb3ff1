"""Norm, moments and counts of a variable, a gradient or an update."""

import tensorflow as tf

from tb_nnhealth.statistics.numerics import (
    attach,
    count_zeros,
    detach,
    finite_part,
    is_safe,
    unit_scale,
)

COLUMNS = ("norm", "rms", "mean", "std", "absmax", "zero_fraction", "skewness", "kurtosis", "nonfinite")


def moments(tensors: list[tf.Tensor]) -> tf.Tensor:
    """Returns the statistics COLUMNS of each tensor, over its finite elements.

    norm = sqrt(Σx²), rms = norm/√n, std = √m₂, skewness = m₃/m₂^1.5, kurtosis = m₄/m₂² − 3 with the
    central moments mₖ = Σ(x − mean)ᵏ/n (population moments: D. N. Joanes and C. A. Gill, *Comparing
    measures of sample skewness and kurtosis*, 1998, g₁ and g₂).

    Args:
      tensors: N tensors of any shape and real dtype; computed in float32.

    Returns:
      float32 `[N, 9]`. Without a finite element all but the count are NaN; skewness and kurtosis of
      a constant tensor are NaN.
    """
    return finish(tf.stack([raw_moments(tf.reshape(detach(x), [-1])) for x in tensors]))


def finish(raw: tf.Tensor) -> tf.Tensor:
    """Returns the statistics COLUMNS, `[N, 9]`, from the raw sums `[N, 9]` of `raw_moments`."""
    norm, mean, std, absmax, zeros, third, fourth, finite, size = tf.unstack(raw, axis=1)
    nan = tf.fill(tf.shape(norm), float("nan"))
    any_finite = finite > 0
    spread = any_finite & (std > 0)
    columns = [
        tf.where(any_finite, norm, nan),
        tf.where(any_finite, norm / tf.sqrt(finite), nan),
        tf.where(any_finite, mean, nan),
        tf.where(any_finite, std, nan),
        tf.where(any_finite, absmax, nan),
        tf.where(size > 0, zeros / size, nan),
        tf.where(spread, third, nan),
        tf.where(spread, fourth - 3.0, nan),
        size - finite,
    ]
    return tf.stack(columns, axis=1)


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def raw_moments(bits: tf.Tensor) -> tf.Tensor:
    """Returns `[norm, mean, std, absmax, zeros, Σz³/n, Σz⁴/n, finite, size]` of a detached tensor,
    z = (x − mean)/std. Traced once for all tensors, so that a step with many variables traces quickly."""
    x = attach(bits)
    square_sum = 2.0 * tf.nn.l2_loss(x)
    return tf.cond(is_safe(square_sum), lambda: _plain(x, square_sum), lambda: _careful(x))


def _plain(x: tf.Tensor, square_sum: tf.Tensor) -> tf.Tensor:
    size = tf.cast(tf.size(x), tf.float32)
    mean = tf.reduce_mean(x)
    centered = x - mean
    std = tf.sqrt(2.0 * tf.nn.l2_loss(centered) / size)
    third, fourth = _standardized(centered / std, size)
    absmax = tf.reduce_max(tf.abs(x))
    return tf.stack([tf.sqrt(square_sum), mean, std, absmax, count_zeros(x), third, fourth, size, size])


def _careful(x: tf.Tensor) -> tf.Tensor:
    finite, mask, count = finite_part(x)
    absmax = tf.reduce_max(tf.concat([tf.abs(finite), [0.0]], 0))
    scale = unit_scale(absmax)
    scaled = finite / scale
    mean = tf.math.divide_no_nan(tf.reduce_sum(scaled), count)
    centered = (scaled - mean) * mask
    std = tf.sqrt(tf.math.divide_no_nan(2.0 * tf.nn.l2_loss(centered), count))
    third, fourth = _standardized(centered / std, count)
    norm = tf.sqrt(2.0 * tf.nn.l2_loss(scaled)) * scale
    size = tf.cast(tf.size(x), tf.float32)
    return tf.stack([norm, mean * scale, std * scale, absmax, count_zeros(x), third, fourth, count, size])


def _standardized(z: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    square = z * z
    return tf.reduce_sum(square * z) / count, 2.0 * tf.nn.l2_loss(square) / count
