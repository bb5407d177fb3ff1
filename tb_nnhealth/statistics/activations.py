"""Statistics of a layer's output and of the gradient that flows back into it."""

import tensorflow as tf

from tb_nnhealth.statistics.branch import rare
from tb_nnhealth.statistics.numerics import attach, count_zeros, detach, finite_part, is_safe, is_zero, unit_scale

FORWARD = ("mean", "std", "rms", "min", "max", "zero_fraction", "nonfinite")
BACKWARD = ("norm", "rms", "zero_fraction", "nonfinite")

SMALL_OFFSET = 3.0
"""Mean ÷ standard deviation up to which E[x²] − E[x]² loses no more than a digit of the variance in float32."""

EXACT_COUNT = 2**24
"""Up to here float32 counts one by one without a loss."""

FLAT_SHARE = 0.01
"""The flat part of a bounded activation function: this share of its range, at each end."""

ACTIVATION_RANGES: dict[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
}
"""Ranges of the activation functions that are flat at both ends. ReLU6 is flat at zero by design:
only its upper end counts."""


def by_unit(x: tf.Tensor, unit_axis: int = -1) -> tf.Tensor:
    """Returns `x` as `[examples, units]`: its unit axis last, all others (batch, positions) in one."""
    rank = x.shape.rank
    if rank in (0, 1):
        return tf.reshape(x, [-1, 1])
    axis = unit_axis % rank
    if axis != rank - 1:
        x = tf.transpose(x, [i for i in range(rank) if i != axis] + [axis])
    units = x.shape[-1]
    return tf.reshape(x, [-1, tf.shape(x)[-1] if units is None else units])


def forward(x: tf.Tensor, unit_axis: int = -1) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the statistics FORWARD of a layer's output, and which of its units are silent.

    A unit is an index on the unit axis; it is silent where it is exactly zero for all examples and
    positions of the batch. All but the counts are taken over the finite elements.

    Args:
      x: the output, any shape with the batch first, any real dtype; computed in float32.
      unit_axis: the axis of units (features, channels).

    Returns:
      float32 `[7]` and bool `[units]`.
    """
    units = by_unit(x, unit_axis)
    statistics, silent = _forward(detach(units))
    return tf.ensure_shape(statistics, [len(FORWARD)]), tf.ensure_shape(silent, units.shape[1:])


def saturated_fraction(x: tf.Tensor, activation: str) -> tf.Tensor:
    """Returns the share of finite elements in the flat 1 % of the activation function's range, float32 `[]`.

    Args:
      x: the layer's output.
      activation: a name in ACTIVATION_RANGES.
    """
    low, high = ACTIVATION_RANGES[activation]
    margin = FLAT_SHARE * (high - low)
    lower = -float("inf") if activation == "relu6" else low + margin
    return _share_outside(tf.reshape(detach(x), [-1]), lower, high - margin)


def backward(gradient: tf.Tensor) -> tf.Tensor:
    """Returns the statistics BACKWARD of the gradient that flows into a layer's output, float32 `[4]`."""
    return _backward(tf.reshape(detach(gradient), [-1]))


@tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
def _forward(bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    x = attach(bits)
    square_sum = 2.0 * tf.nn.l2_loss(x)
    statistics, silent = tf.cond(is_safe(square_sum), lambda: _forward_plain(x, square_sum), lambda: _forward_rest(x))
    return statistics, silent


@rare(None, None)
def _forward_rest(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    statistics, silent = tf.cond(
        is_zero(x),
        lambda: (tf.constant([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]), tf.fill(tf.shape(x)[1:], True)),
        lambda: _forward_careful(x),
    )
    return statistics, silent


def _forward_plain(x: tf.Tensor, square_sum: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    size = tf.cast(tf.size(x), tf.float32)
    rows = tf.shape(x)[0]
    nonzero = tf.cast(tf.not_equal(x, 0.0), tf.float32)
    active = tf.matmul(tf.ones([1, rows]), nonzero)[0]  # by far the quickest sum over the rows
    zeros = tf.cond(
        rows <= EXACT_COUNT,
        lambda: tf.reduce_sum(tf.cast(rows, tf.float32) - active),
        lambda: size - 2.0 * tf.nn.l2_loss(nonzero),
    )
    mean = tf.reduce_mean(x)
    variance = square_sum / size - mean * mean
    variance = tf.cond(  # The difference is exact enough as long as the mean is not far above the spread.
        variance > mean * mean / SMALL_OFFSET**2,
        lambda: variance,
        lambda: 2.0 * tf.nn.l2_loss(x - mean) / size,
    )
    rms = tf.sqrt(variance + mean * mean)
    bounds = [tf.reduce_min(x), tf.reduce_max(x)]
    statistics = tf.stack([mean, tf.sqrt(variance), rms, *bounds, zeros / size, 0.0])
    return statistics, tf.equal(active, 0.0)


def _forward_careful(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    finite, mask, count = finite_part(x)
    size = tf.cast(tf.size(x), tf.float32)
    absolute = tf.abs(finite)
    scale = unit_scale(tf.reduce_max(tf.concat([tf.reshape(absolute, [-1]), [0.0]], 0)))
    scaled = finite / scale
    mean = tf.reduce_sum(scaled) / count
    std = tf.sqrt(2.0 * tf.nn.l2_loss((scaled - mean) * mask) / count)
    rms = tf.sqrt(2.0 * tf.nn.l2_loss(scaled) / count)
    nan, infinity = tf.constant(float("nan")), tf.constant(float("inf"))
    lowest = tf.where(count > 0, tf.reduce_min(tf.where(mask > 0, x, infinity)), nan)
    highest = tf.where(count > 0, tf.reduce_max(tf.where(mask > 0, x, -infinity)), nan)
    statistics = tf.stack(
        [mean * scale, std * scale, rms * scale, lowest, highest, count_zeros(x) / count, size - count]
    )
    silent = tf.reduce_all(tf.equal(x, 0.0), 0) & (tf.shape(x)[0] > 0)
    return statistics, silent


@tf.function(
    input_signature=[
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.float32),
        tf.TensorSpec([], tf.float32),
    ],
    autograph=False,
)
def _share_outside(bits: tf.Tensor, low: tf.Tensor, high: tf.Tensor) -> tf.Tensor:
    x = attach(bits)
    finite = tf.math.is_finite(x)
    outside = finite & ((x <= low) | (x >= high))
    return tf.reduce_sum(tf.cast(outside, tf.float32)) / tf.reduce_sum(tf.cast(finite, tf.float32))


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _backward(bits: tf.Tensor) -> tf.Tensor:
    x = attach(bits)
    square_sum = 2.0 * tf.nn.l2_loss(x)
    return tf.cond(is_safe(square_sum), lambda: _backward_plain(x, square_sum), lambda: _backward_rest(x))


@rare(None)
def _backward_rest(x: tf.Tensor) -> tf.Tensor:
    return tf.cond(is_zero(x), lambda: tf.constant([0.0, 0.0, 1.0, 0.0]), lambda: _backward_careful(x))


def _backward_plain(x: tf.Tensor, square_sum: tf.Tensor) -> tf.Tensor:
    size = tf.cast(tf.size(x), tf.float32)
    return tf.stack(
        [tf.sqrt(square_sum), tf.sqrt(square_sum / size), 1.0 - 2.0 * tf.nn.l2_loss(tf.sign(x)) / size, 0.0]
    )


def _backward_careful(x: tf.Tensor) -> tf.Tensor:
    finite, _, count = finite_part(x)
    size = tf.cast(tf.size(x), tf.float32)
    scale = unit_scale(tf.reduce_max(tf.concat([tf.abs(finite), [0.0]], 0)))
    rms = tf.sqrt(2.0 * tf.nn.l2_loss(finite / scale) / count) * scale
    norm = tf.where(count > 0, rms * tf.sqrt(count), float("nan"))
    return tf.stack([norm, rms, count_zeros(x) / count, size - count])
