"""Norm, moments and counts of a variable, a gradient or an update."""

import enum
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_nnhealth.statistics.branch import rare, unless
from tb_nnhealth.statistics.numerics import (
    RESOLUTION,
    attach,
    count_zeros,
    detach,
    finite_part,
    is_zero,
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


class Zeros(enum.Enum):
    """What is expected of a tensor, which decides how its zeros are counted; where there are none to expect, the
    smallest square says so at a third of the cost."""

    FEW = enum.auto()
    MANY = enum.auto()
    UNWANTED = enum.auto()


def moments(tensors: list[tf.Tensor], zeros: Sequence[Zeros] | None = None) -> tf.Tensor:
    """Returns the statistics COLUMNS of each tensor, over its finite elements.

    norm = sqrt(Σx²), rms = norm/√n, std = √m₂, skewness = m₃/m₂^1.5, kurtosis = m₄/m₂² − 3 with the
    central moments mₖ = Σ(x − mean)ᵏ/n (population moments: D. N. Joanes and C. A. Gill, *Comparing
    measures of sample skewness and kurtosis*, 1998, g₁ and g₂).

    Args:
      tensors: N tensors of any shape and real dtype; computed in float32.
      zeros: what is expected of each tensor. Where they are unwanted, absmax and zero_fraction may be NaN, which
        saves a third of the work. Few, by default.

    Returns:
      float32 `[N, 9]`. Without a finite element all but the count are NaN; skewness and kurtosis of
      a constant tensor are NaN.
    """
    flat = [tf.reshape(detach(x), [-1]) for x in tensors]
    small = [i for i, x in enumerate(flat) if x.shape[0] is not None and x.shape[0] <= SMALL]
    large = [i for i in range(len(flat)) if i not in set(small)]
    raw = []
    if large:
        expected = [Zeros.FEW if zeros is None else zeros[i] for i in large]
        raw.append(_raw_moments_apart([flat[i] for i in large], expected))
    if small:
        raw.append(_raw_moments_together([flat[i] for i in small]))
    return finish(tf.gather(tf.concat(raw, 0), np.argsort([*large, *small])))


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


def _raw_moments_apart(flat: list[tf.Tensor], expected: Sequence[Zeros]) -> tf.Tensor:
    """Returns `[rms, mean, std, absmax, zeros, Σz³/n, Σz⁴/n, finite, size]` of each tensor, z = (x − mean)/std.

    They are computed in the quick way; one branch for all of them mends those for which it was not good enough.
    """
    power_sums = tf.stack([_power_sums(x) for x in flat])
    size = tf.cast(tf.stack([tf.size(x) for x in flat]), tf.float32)
    raw, is_good = _from_powers(power_sums, *_extremes(flat, expected), size)

    def mend(raw: tf.Tensor, is_good: tf.Tensor, *tensors: tf.Tensor) -> list[tf.Tensor]:
        return [tf.stack([_mended(is_good[i], raw[i], x) for i, x in enumerate(tensors)])]

    return unless(tf.reduce_all(is_good), [raw], mend, [raw, is_good, *flat])[0]


def _extremes(flat: list[tf.Tensor], expected: Sequence[Zeros]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the largest square and the number of zeros of each tensor, float32 `[N]` each; NaN where unwanted."""
    squares = {i: _extreme_squares(x) for i, x in enumerate(flat) if expected[i] is not Zeros.UNWANTED}
    zeros = {i: _count_zeros(x) for i, x in enumerate(flat) if expected[i] is Zeros.MANY}
    few = [i for i, kind in enumerate(expected) if kind is Zeros.FEW]
    if few:
        has_none = tf.reduce_min(tf.stack([squares[i][0] for i in few])) > 0.0
        counted = unless(has_none, [tf.zeros(len(few))], _count_zeros_of_each, [flat[i] for i in few])[0]
        zeros |= dict(zip(few, tf.unstack(counted), strict=True))

    def stacked(found: dict[int, tf.Tensor]) -> tf.Tensor:
        return tf.stack([found.get(i, tf.constant(float("nan"))) for i in range(len(flat))])

    return stacked({i: square[1] for i, square in squares.items()}), stacked(zeros)


def _count_zeros_of_each(*flat: tf.Tensor) -> list[tf.Tensor]:
    return [tf.stack([_count_zeros(x) for x in flat])]


# Each of these is traced once for all tensors, so that a step with many variables traces quickly.


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _power_sums(bits: tf.Tensor) -> tf.Tensor:
    """Returns `[Σx, Σx²/2, Σx³, Σx⁴/2]`."""
    x = attach(bits)
    square = x * x
    return tf.stack([tf.reduce_sum(x), tf.nn.l2_loss(x), _dot(square, x), tf.nn.l2_loss(square)])


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _extreme_squares(bits: tf.Tensor) -> tf.Tensor:
    """Returns the smallest and the largest x²."""
    x = attach(bits)
    square = x * x
    return tf.stack([tf.reduce_min(square), tf.reduce_max(square)])


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _count_zeros(bits: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.size(bits), tf.float32) - 2.0 * tf.nn.l2_loss(tf.sign(attach(bits)))


def _from_powers(
    power_sums: tf.Tensor, largest_square: tf.Tensor, zeros: tf.Tensor, size: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the raw moments of N tensors, `[N, 9]`, and whether float32 was good enough for them, bool `[N]`.

    The largest magnitude is the root of the largest square, to the bit where that neither vanishes nor overflows
    (S. Boldo, *Stupid is as stupid does: taking the square root of the square of a floating-point number*, 2015).

    Args:
      power_sums: of each tensor, float32 `[N, 4]`.
      largest_square: float32 `[N]`.
      zeros: their number, float32 `[N]`.
      size: float32 `[N]`.
    """
    mean, second, third, fourth = tf.unstack(power_sums / size[:, tf.newaxis] * [1.0, 2.0, 1.0, 2.0], axis=1)
    shift = mean * mean
    variance = second - shift
    std = tf.sqrt(variance)
    skewness = (third - mean * (3.0 * second - 2.0 * shift)) / (variance * std)
    kurtosis = (fourth - mean * (4.0 * third - mean * (6.0 * second - 3.0 * shift))) / (variance * variance)
    is_good = (second > SMALLEST_SAFE**2) & (fourth < LARGEST_SAFE**4) & (variance * OFFSET**2 > shift)
    raw = [tf.sqrt(second), mean, std, tf.sqrt(largest_square), zeros, skewness, kurtosis, size, size]
    return tf.stack(raw, axis=1), is_good


def _dot(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.reshape(tf.linalg.matmul(x[tf.newaxis], y[tf.newaxis], transpose_b=True), [])


@tf.function(
    input_signature=[
        tf.TensorSpec([], tf.bool),
        tf.TensorSpec([len(COLUMNS)], tf.float32),
        tf.TensorSpec([None], tf.int32),
    ],
    autograph=False,
)
def _mended(is_good: tf.Tensor, raw: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    return tf.cond(is_good, lambda: raw, lambda: _rest(attach(bits)))


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


@rare(None)
def _rest(x: tf.Tensor) -> tf.Tensor:
    size = tf.cast(tf.size(x), tf.float32)
    zeros = [0.0, 0.0, 0.0, 0.0, size, 0.0, 0.0, size, size]
    return tf.cond(is_zero(x), lambda: tf.stack(zeros), lambda: _careful(x))


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
