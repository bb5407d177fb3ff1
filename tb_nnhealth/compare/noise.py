"""Float error by experiment: a model runs again with every weight, output and gradient moved by what rounding may.

A sum of n products is, as computed, the exact sum of products whose factors are moved by relative errors of at most
λ√n·u, with a probability that grows quickly with λ: u is the unit roundoff, half the distance from 1 to the next
number. So random moves of √n·u stand for the rounding of one layer, in whatever order it adds. How these grow on their
way through the model is not estimated: it is seen in what comes out.

Products of coarser types than float32 are added in float32, and their sum is rounded once, however long: so GPUs, TPUs
and oneDNN do it. A gradient of a weight, a sum over all positions, may be added in the coarse type, and a plain
sum, as a bias has, one by one in any. What is added up of m terms may be √m times their norm, and so its error.

Source: N. J. Higham, T. Mary, A new approach to probabilistic rounding error analysis, SIAM J. Sci. Comput. 41 (2019),
theorem 3.1; random moves in place of rounding: D. S. Parker, Monte Carlo arithmetic, UCLA CSD-970002 (1997).
"""

import math

import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.passing import watched

LEAST_LENGTH = 16
"""Four units: exp, tanh and the like are rounded as so long a sum, for libraries differ in their last bits."""


class Noise:
    """Moves tensors by random relative errors, from a generator of its own.

    Args:
      unit: the unit roundoff u.
      seed: of the random numbers.
    """

    def __init__(self, unit: float, seed: int) -> None:
        self._unit = unit
        self._generator = tf.random.Generator.from_seed(seed)

    def moved(self, tensor: tf.Tensor, length: int) -> tf.Tensor:
        """Returns the tensor as it may come out where sums of `length` terms were rounded otherwise."""
        size = self._size(length)
        dtype = tensor.dtype if tensor.dtype == tf.float64 else tf.float32
        errors = size * tf.cast(self._generator.normal(tensor.shape), dtype)
        return tf.cast(tf.cast(tensor, dtype) * (1 + errors), tensor.dtype)

    def _size(self, length: int) -> float:
        """Returns how much a sum is off: in a coarse type it is added in float32, and rounded once."""
        added = min(self._unit, UNITS["float32"]) * math.sqrt(max(length, LEAST_LENGTH))
        return added if self._unit <= UNITS["float32"] else added + self._unit

    def both_ways(self, tensor: tf.Tensor, length: int) -> tf.Tensor:
        """Returns a moved tensor, the gradient into which is moved, too."""
        back = positions(tuple(tensor.shape))
        return watched(self.moved(tensor, length), lambda gradient: self.moved(gradient, back))


def positions(shape: tuple[int, ...]) -> int:
    """Returns how many rows stand in a tensor of shape `[…, features]`: what a gradient of weights is summed over."""
    return math.prod(shape[:-1])


def sum_length(weights: list[tuple[int, ...]], inputs: list[tuple[int, ...]]) -> int:
    """Returns how long the sums in a layer are: a kernel's inputs, without kernel all positions of its input."""
    kernels = [positions(shape) for shape in weights if len(shape) > 1]
    return max(kernels or [max(positions(shape), shape[-1]) for shape in inputs if shape] or [1])


UNITS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
"""Unit roundoffs (IEEE 754, and bfloat16)."""


def coarsest(dtypes: frozenset[str]) -> str:
    """Returns which of the floating types rounds most, float32 where none of them is known."""
    known = [dtype for dtype in dtypes if dtype in UNITS]
    return max(known, key=UNITS.__getitem__, default="float32")


def least(dtype: str) -> float:
    """Returns the smallest positive number of a floating type."""
    return float(np.finfo(np.float16).smallest_subnormal if dtype == "float16" else np.finfo(np.float32).tiny)
