"""What is numerically delicate, in one place: detaching, masking, and sums that neither over- nor underflow."""

import tensorflow as tf

SMALLEST_SAFE_SQUARE, LARGEST_SAFE_SQUARE = 1e-20, 1e30
"""Range of a float32 sum of squares within which its terms neither vanish nor overflow."""


RESOLUTION = 1e-6
"""A float32 spread below this share of the mean is what rounding leaves of a constant."""


def detach(x: tf.Tensor) -> tf.Tensor:
    """Returns the float32 bits of `x` as int32, so that no gradient tape records what is done with it.

    A tape follows floating-point tensors only; `tf.stop_gradient` would leave it following. Undone
    by `attach`. float16 and bfloat16 are widened, integers and booleans converted.
    """
    return tf.bitcast(tf.cast(x, tf.float32), tf.int32)


def attach(bits: tf.Tensor) -> tf.Tensor:
    """Returns the float32 tensor whose bits `detach` took."""
    return tf.bitcast(bits, tf.float32)


def is_safe(square_sum: tf.Tensor) -> tf.Tensor:
    """Returns whether a float32 sum of squares shows that all elements are finite and of usable magnitude."""
    return (square_sum > SMALLEST_SAFE_SQUARE) & (square_sum < LARGEST_SAFE_SQUARE)


def is_zero(x: tf.Tensor) -> tf.Tensor:
    """Returns whether a tensor has elements, all of them zero."""
    return tf.equal(tf.nn.l2_loss(tf.sign(x)), 0.0) & (tf.size(x) > 0)


def finite_part(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns `x` with zeros for non-finite elements, the mask of the finite ones (float32) and their number."""
    finite = tf.math.is_finite(x)
    mask = tf.cast(finite, tf.float32)
    return tf.where(finite, x, tf.zeros_like(x)), mask, tf.reduce_sum(mask)


def count_zeros(x: tf.Tensor) -> tf.Tensor:
    """Returns the number of exact zeros as float32."""
    return tf.reduce_sum(tf.cast(tf.equal(x, 0.0), tf.float32))


def unit_scale(absmax: tf.Tensor) -> tf.Tensor:
    """Returns `absmax`, or 1 where it is zero: what to divide by before squaring."""
    return tf.where(absmax > 0, absmax, tf.ones_like(absmax))
