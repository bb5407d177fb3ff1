"""Norm, moments and counts of a variable, a gradient or an update."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_nnhealth.statistics.branch import unless
from tb_nnhealth.statistics.numerics import (
    RESOLUTION,
    attach,
    count_zeros,
    detach,
    finite_part,
    unit_scale,
)

COLUMNS = ("norm", "rms", "mean", "std", "absmax", "zero_fraction", "skewness", "kurtosis", "nonfinite")

SMALLEST_SAFE, LARGEST_SAFE = 1e-8, 1e8
"""Range of the largest magnitude within which fourth powers neither vanish nor overflow in float32."""

OFFSET = 2.0
"""Mean ÷ standard deviation up to which central moments are computed from powers of x: their terms are then up to
112 σ⁴, of which float32 keeps five digits."""

SMALL, WIDTH = 8192, 128
"""Elements up to which tensors are reduced together, and the width of the matrix they are laid out in."""


def moments(tensors: list[tf.Tensor], extremes: Sequence[bool] | None = None) -> tf.Tensor:
    """Returns the statistics COLUMNS of each tensor, over its finite elements.

    norm = sqrt(Σx²), rms = norm/√n, std = √m₂, skewness = m₃/m₂^1.5, kurtosis = m₄/m₂² − 3 with the
    central moments mₖ = Σ(x − mean)ᵏ/n (population moments: D. N. Joanes and C. A. Gill, *Comparing
    measures of sample skewness and kurtosis*, 1998, g₁ and g₂).

    Args:
      tensors: N tensors of any shape and real dtype; computed in float32.
      extremes: for each tensor whether absmax and zero_fraction are wanted; where they are not, they
        may be NaN, which saves a third of the work. All, by default.

    Returns:
      float32 `[N, 9]`. Without a finite element all but the count are NaN; skewness and kurtosis of
      a constant tensor are NaN.
    """
    flat = [tf.reshape(detach(x), [-1]) for x in tensors]
    small = [i for i, x in enumerate(flat) if x.shape[0] is not None and x.shape[0] <= SMALL]
    large = [i for i in range(len(flat)) if i not in set(small)]
    raw = _raw_moments_apart([flat[i] for i in large], [extremes is None or extremes[i] for i in large])
    if small:
        raw += tf.unstack(_raw_moments_together([flat[i] for i in small]), num=len(small))
    order = np.argsort([*large, *small])
    return finish(tf.stack([raw[i] for i in order]))


def finish(raw: tf.Tensor) -> tf.Tensor:
    """Returns the statistics COLUMNS, `[N, 9]`, from the raw moments `[N, 9]`."""
    rms, mean, std, absmax, zeros, third, fourth, finite, size = tf.unstack(raw, axis=1)
    nan = tf.fill(tf.shape(rms), float("nan"))
    any_finite = finite > 0
    spread = any_finite & (std > RESOLUTION * tf.abs(mean))
    columns = [
        tf.where(any_finite, rms * tf.sqrt(finite), nan),
        tf.where(any_finite, rms, nan),
        tf.where(any_finite, mean, nan),
        tf.where(any_finite, std, nan),
        tf.where(any_finite, absmax, nan),
        tf.where(any_finite, zeros / finite, nan),
        tf.where(spread, third, nan),
        tf.where(spread, fourth - 3.0, nan),
        size - finite,
    ]
    return tf.stack(columns, axis=1)


def _raw_moments_apart(flat: list[tf.Tensor], extremes: Sequence[bool]) -> list[tf.Tensor]:
    """Returns `[rms, mean, std, absmax, zeros, Σz³/n, Σz⁴/n, finite, size]` of each tensor, z = (x − mean)/std.

    They are computed in the quick way; one branch for all of them mends those for which it was not good enough.
    """
    if not flat:
        return []
    quick = [_quick_moments(x) if wanted else _quick_shape(x) for x, wanted in zip(flat, extremes, strict=True)]
    raw = [moments for moments, _, _ in quick]
    is_good = tf.stack([good for _, good, _ in quick])
    has_zeros = tf.stack([zeros for _, _, zeros in quick])

    def mend(is_good: tf.Tensor, has_zeros: tf.Tensor, *tensors: tf.Tensor) -> list[tf.Tensor]:
        found, bits = tensors[: len(raw)], tensors[len(raw) :]
        return [_mended(is_good[i], has_zeros[i], *pair) for i, pair in enumerate(zip(found, bits, strict=True))]

    is_done = tf.reduce_all(is_good & ~has_zeros)
    return unless(is_done, raw, mend, [is_good, has_zeros, *raw, *flat])


# Each of these is traced once for all tensors, so that a step with many variables traces quickly.


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _quick_moments(bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the raw moments without the count of zeros, whether they are good enough, and whether there may be zeros.

    The largest magnitude is the root of the largest square, to the bit where that neither vanishes nor overflows
    (S. Boldo, *Stupid is as stupid does: taking the square root of the square of a floating-point number*, 2015).
    """
    x = attach(bits)
    square = x * x
    moments, is_good = _from_powers(x, square, tf.sqrt(tf.reduce_max(square)), tf.zeros([]))
    return moments, is_good, tf.equal(tf.reduce_min(square), 0.0)


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _quick_shape(bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the same, with NaN for absmax and zeros, which would take work of their own."""
    x = attach(bits)
    nan = tf.constant(float("nan"))
    return *_from_powers(x, x * x, nan, nan), tf.constant(False)


def _from_powers(x: tf.Tensor, square: tf.Tensor, absmax: tf.Tensor, zeros: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the raw moments from Σx, Σx², Σx³ and Σx⁴, and whether float32 was good enough for them."""
    size = tf.cast(tf.size(x), tf.float32)
    mean = tf.reduce_mean(x)
    second = 2.0 * tf.nn.l2_loss(x) / size
    third = _dot(square, x) / size
    fourth = 2.0 * tf.nn.l2_loss(square) / size
    shift = mean * mean
    variance = second - shift
    std = tf.sqrt(variance)
    skewness = (third - mean * (3.0 * second - 2.0 * shift)) / (variance * std)
    kurtosis = (fourth - mean * (4.0 * third - mean * (6.0 * second - 3.0 * shift))) / (variance * variance)
    is_good = (second > SMALLEST_SAFE**2) & (fourth < LARGEST_SAFE**4) & (variance * OFFSET**2 > shift)
    return tf.stack([tf.sqrt(second), mean, std, absmax, zeros, skewness, kurtosis, size, size]), is_good


def _dot(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.reshape(tf.linalg.matmul(x[tf.newaxis], y[tf.newaxis], transpose_b=True), [])


@tf.function(
    input_signature=[
        tf.TensorSpec([], tf.bool),
        tf.TensorSpec([], tf.bool),
        tf.TensorSpec([len(COLUMNS)], tf.float32),
        tf.TensorSpec([None], tf.int32),
    ],
    autograph=False,
)
def _mended(is_good: tf.Tensor, has_zeros: tf.Tensor, raw: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    x = attach(bits)
    counted = tf.cond(has_zeros, lambda: _with_zeros(raw, x), lambda: raw)
    return tf.cond(is_good, lambda: counted, lambda: _careful(x))


def _with_zeros(raw: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    zeros = tf.cast(tf.size(x), tf.float32) - 2.0 * tf.nn.l2_loss(tf.sign(x))  # Quicker than to compare each with zero.
    return tf.concat([raw[:4], [zeros], raw[5:]], 0)


def _raw_moments_together(flat: list[tf.Tensor]) -> tf.Tensor:
    """Returns the same as `_raw_moments_apart` for each of many small tensors, `[N, 9]`.

    Starting an operation for each of them would cost more than its sum does. So they are laid out as
    rows of one matrix, each padded to whole rows: a reduction sums the rows, a product with the
    0/1 matrix of which row belongs to which tensor adds them up.
    """
    sizes = np.array([x.shape[0] for x in flat])
    rows = -(-sizes // WIDTH)
    padded, mask = [], np.zeros([int(rows.sum()) * WIDTH], np.float32)
    for x, size, start, stop in zip(flat, sizes, np.cumsum(rows) - rows, np.cumsum(rows), strict=True):
        padded += [x, tf.zeros([(stop - start) * WIDTH - size], tf.int32)]
        mask[start * WIDTH : start * WIDTH + size] = 1.0
    member = np.repeat(np.eye(len(flat), dtype=np.float32), rows, axis=1)
    bits = tf.reshape(tf.concat(padded, 0), [-1, WIDTH])
    return _matrix_moments(bits, mask.reshape(-1, WIDTH), member, sizes.astype(np.float32))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, WIDTH], tf.int32),
        tf.TensorSpec([None, WIDTH], tf.float32),
        tf.TensorSpec([None, None], tf.float32),
        tf.TensorSpec([None], tf.float32),
    ],
    autograph=False,
)
def _matrix_moments(bits: tf.Tensor, inside: tf.Tensor, member: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Returns `[N, 9]` for N tensors laid out in `[R, WIDTH]`, where `member` `[N, R]` says whose each row is."""
    x = attach(bits)

    def total(values: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(member, tf.reduce_sum(values, 1))

    def spread(values: tf.Tensor) -> tf.Tensor:
        return tf.linalg.matvec(member, values, transpose_a=True)[:, tf.newaxis]

    is_finite = tf.math.is_finite(x)
    mask = tf.cast(is_finite, tf.float32) * inside
    finite = tf.where(is_finite, x, tf.zeros_like(x))
    absmax = tf.reduce_max(member * tf.reduce_max(tf.abs(finite), 1), 1)
    scale = unit_scale(absmax)
    scaled = finite / spread(scale)
    count = total(mask)
    mean = tf.math.divide_no_nan(total(scaled), count)
    centered = (scaled - spread(mean)) * mask
    square = centered * centered
    variance = tf.math.divide_no_nan(total(square), count)
    std = tf.sqrt(variance)
    third = total(square * centered) / (count * variance * std)
    fourth = total(square * square) / (count * variance * variance)
    rms = tf.sqrt(total(scaled * scaled) / count) * scale
    zeros = total(tf.cast(tf.equal(x, 0.0), tf.float32) * inside)
    return tf.stack([rms, mean * scale, std * scale, absmax, zeros, third, fourth, count, size], 1)


def _careful(x: tf.Tensor) -> tf.Tensor:
    finite, mask, count = finite_part(x)
    absmax = tf.reduce_max(tf.concat([tf.abs(finite), [0.0]], 0))
    scale = unit_scale(absmax)
    scaled = finite / scale
    mean = tf.math.divide_no_nan(tf.reduce_sum(scaled), count)
    centered = (scaled - mean) * mask
    std = tf.sqrt(tf.math.divide_no_nan(2.0 * tf.nn.l2_loss(centered), count))
    third, fourth = _standardized(centered / std, count)
    rms = tf.sqrt(2.0 * tf.nn.l2_loss(scaled) / count) * scale
    size = tf.cast(tf.size(x), tf.float32)
    return tf.stack([rms, mean * scale, std * scale, absmax, count_zeros(x), third, fourth, count, size])


def _standardized(z: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    square = z * z
    return tf.reduce_sum(square * z) / count, 2.0 * tf.nn.l2_loss(square) / count
