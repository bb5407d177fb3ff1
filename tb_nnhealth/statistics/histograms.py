"""Histograms on one fixed logarithmic grid of sign and power of two, so that they can be stacked over time."""

import tensorflow as tf

from tb_nnhealth.statistics.numerics import detach
from tb_nnhealth.vocabulary import HIGHEST_EXPONENT, HISTOGRAM_BINS, HISTOGRAM_EXPONENTS, LOWEST_EXPONENT


def histogram(x: tf.Tensor) -> tf.Tensor:
    """Returns how many elements of `x` fall in each bin of the grid (see `vocabulary`), float32 `[HISTOGRAM_BINS]`.

    The exponent is read from the float32 bits, so that a power of two is never put in the bin below
    it. One integer an element is all that is held beside `x`; non-finite elements are not binned.

    Args:
      x: any shape, any real dtype; binned as float32.
    """
    return _histogram(tf.reshape(detach(x), [-1]))


@tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
def _histogram(bits: tf.Tensor) -> tf.Tensor:
    magnitude = tf.bitwise.bitwise_and(bits, 0x7FFFFFFF)
    exponent = tf.bitwise.right_shift(magnitude, 23) - 127
    rank = tf.clip_by_value(exponent, LOWEST_EXPONENT, HIGHEST_EXPONENT) - LOWEST_EXPONENT
    middle = HISTOGRAM_EXPONENTS
    bin_index = tf.where(bits < 0, middle - 1 - rank, middle + 1 + rank)
    bin_index = tf.where(magnitude == 0, middle, bin_index)
    bin_index = tf.where(exponent == 128, HISTOGRAM_BINS, bin_index)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(bin_index), bin_index, HISTOGRAM_BINS + 1)
    return tf.cast(counts[:HISTOGRAM_BINS], tf.float32)
