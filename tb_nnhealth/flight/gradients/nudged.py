"""Points and directions at which derivatives are compared: near the real values, and off the places with kinks.

What is computed of an array is computed of a block of it after the other, so that little is needed beside the result.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

NUDGE = 1e-2
"""How far values are moved off where they are, as a share of their scale: a bias of zero is where ReLUs have kinks."""

OF_ZEROS = 0.1
"""The scale of what is all zero."""

BLOCK = 2**20

SAMPLED = 2**20
"""Of more values some that lie evenly among them tell the usual size."""


@dataclass(frozen=True)
class Scale:
    """By how much each of some values may be changed, so that a hundredth of it keeps its sign, or keeps it below one.

    Values that are nowhere negative may be arguments of a logarithm or a root, those between 0 and 1 are probabilities.
    `usual` is the median size of those that are not zero, of a million at most, 0 where all are.
    """

    usual: float
    is_positive: bool
    is_below_one: bool

    def of(self, values: Array) -> Array:
        """Returns the change for each of these values, or of others near them."""
        if not self.usual:
            return np.full_like(values, OF_ZEROS)
        size = np.abs(values)
        if not self.is_positive:
            return np.maximum(size, 0.1 * self.usual)
        return np.minimum(size, 1 - values) if self.is_below_one else size


def scale(values: Any) -> Scale:
    """Returns by how much these values, an array or a tensor, may be changed."""
    array = np.asarray(values)
    some = array.reshape(-1)[:: max(1, array.size // SAMPLED)]
    sizes = np.abs(some[some != 0])
    usual = float(np.median(sizes, overwrite_input=True)) if len(sizes) else 0.0
    return Scale(usual, bool((array >= 0).all()), bool((array < 1).all()))


def nudged(values: Any, random: np.random.Generator) -> tf.Tensor:
    """Returns values moved a little, zeros among them, too; those that are nowhere negative stay so."""
    by = scale(values)
    return _joined((_nudged(block, by, random) for (block,) in blocks(values)), values)


def direction(values: Any, by: Scale, random: np.random.Generator) -> tf.Tensor:
    """Returns a random direction in which each value changes by about its scale."""
    return _joined(ways(values, by, random), values)


def ways(values: Any, by: Scale, random: np.random.Generator) -> Iterator[Array]:
    """Yields the blocks of a direction."""
    for (block,) in blocks(values):
        yield by.of(block) * _noise(len(block), random)


def blocks(*arrays: Any) -> Iterator[tuple[Array, ...]]:
    """Yields arrays, or tensors, of one size, block by block: flat views of up to `BLOCK` values."""
    flat = [np.asarray(array).reshape(-1) for array in arrays]
    for first in range(0, flat[0].size, BLOCK):
        yield tuple(array[first : first + BLOCK] for array in flat)


def _nudged(values: Array, by: Scale, random: np.random.Generator) -> Array:
    noise = _noise(len(values), random)
    if not by.usual or not by.is_positive:
        return values + NUDGE * by.of(values) * noise
    floor = NUDGE * by.usual
    away = np.where(values > 0, values * (1 - NUDGE * np.abs(noise)), floor * np.abs(noise))
    return np.maximum(away, 1e-3 * floor)


def _joined(made: Iterable[Array], values: Any) -> tf.Tensor:
    """Returns blocks as one tensor: the whole stands in TensorFlow's memory alone, which trainings left behind."""
    array = np.asarray(values)
    dtype = np.result_type(array.dtype, np.float32)
    parts = [tf.convert_to_tensor(block.astype(dtype)) for block in made] or [tf.zeros([0], dtype)]
    return tf.reshape(parts[0] if len(parts) == 1 else tf.concat(parts, 0), array.shape)


def _noise(count: int, random: np.random.Generator) -> Array:
    return np.clip(random.standard_normal(count), -3, 3)
