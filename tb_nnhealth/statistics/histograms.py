"""Histograms on one fixed logarithmic grid of sign and power of two, so that they can be stacked over time."""

import numpy as np
import tensorflow as tf

from tb_nnhealth.statistics.numerics import detach
from tb_nnhealth.vocabulary import HIGHEST_EXPONENT, HISTOGRAM_BINS, HISTOGRAM_EXPONENTS, LOWEST_EXPONENT

SIGN, EXPONENTS, BIAS, MANTISSA_BITS = 256, 256, 127, 23
"""The upper nine bits of a float32: its sign, and its exponent plus BIAS (0: zero, 255: NaN and Inf)."""


def histogram(x: tf.Tensor) -> tf.Tensor:
    """Returns how many elements of `x` fall in each bin of the grid (see `vocabulary`), float32 `[HISTOGRAM_BINS]`.

    Sign and exponent are read from the float32 bits, so that a power of two is never put in the bin below
    it. One integer an element is all that is held beside `x`; non-finite elements are not binned, and those too
    small for a normal float32 (below 1.2e-38) count as zeros.

    Args:
      x: any shape, any real dtype; binned as float32.
    """
    return _histogram(tf.reshape(detach(x), [-1]))


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _histogram(bits: tf.Tensor) -> tf.Tensor:
    upper = tf.bitwise.right_shift(tf.bitcast(bits, tf.uint32), tf.constant(MANTISSA_BITS, tf.uint32))
    counts = tf.raw_ops.DenseBincount(
        input=tf.bitcast(upper, tf.int32),
        size=SIGN + EXPONENTS,
        weights=tf.zeros([0], tf.int32),
        binary_output=False,
    )
    binned = tf.math.unsorted_segment_sum(counts, _bins(), HISTOGRAM_BINS)
    return tf.cast(binned, tf.float32)


def _bins() -> np.ndarray:
    """Returns the bin of each pattern of the upper nine bits, int32 `[512]`; -1 for none."""
    exponents = np.arange(EXPONENTS) - BIAS
    rank = np.clip(exponents, LOWEST_EXPONENT, HIGHEST_EXPONENT) - LOWEST_EXPONENT
    bins = np.concatenate([HISTOGRAM_EXPONENTS + 1 + rank, HISTOGRAM_EXPONENTS - 1 - rank]).astype(np.int32)
    bins[[0, SIGN]] = HISTOGRAM_EXPONENTS
    bins[[EXPONENTS - 1, SIGN + EXPONENTS - 1]] = -1
    return bins
