"""Points and directions at which derivatives are compared: near the real values, and off the places with kinks.

What is computed of an array is computed of a block of it after the other, so that little is needed beside the result.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

NUDGE = 1e-2
"""How far values are moved off where they are, as a share of their scale: a bias of zero is where ReLUs have kinks."""

OF_ZEROS = 0.1
"""The scale of what is all zero."""

BLOCK = 2**20


@dataclass(frozen=True)
class Scale:
    """By how much each of some values may be changed, so that a hundredth of it keeps its sign, or keeps it below one.

    Values that are nowhere negative may be arguments of a logarithm or a root, those between 0 and 1 are probabilities.
    `usual` is the median size of those that are not zero, 0 where all are.
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


def scale(values: Array) -> Scale:
    """Returns by how much these values may be changed."""
    sizes = np.abs(values[values != 0])
    usual = float(np.median(sizes, overwrite_input=True)) if len(sizes) else 0.0
    return Scale(usual, bool((values >= 0).all()), bool((values < 1).all()))


def nudged(values: Array, random: np.random.Generator) -> Array:
    """Returns values moved a little, zeros among them, too; those that are nowhere negative stay so."""
    by = scale(values)
    moved = _like(values)
    for old, new in blocks(values, moved):
        noise = _noise(len(old), random)
        if not by.usual or not by.is_positive:
            new[:] = old + NUDGE * by.of(old) * noise
        else:
            floor = NUDGE * by.usual
            away = np.where(old > 0, old * (1 - NUDGE * np.abs(noise)), floor * np.abs(noise))
            new[:] = np.maximum(away, 1e-3 * floor)
    return moved


def direction(values: Array, by: Scale, random: np.random.Generator) -> Array:
    """Returns a random direction in which each value changes by about its scale."""
    way = _like(values)
    for value, changed in blocks(values, way):
        changed[:] = by.of(value) * _noise(len(value), random)
    return way


def blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Yields arrays of one size, contiguous ones, block by block: flat views of up to `BLOCK` values."""
    flat = [array.reshape(-1) for array in arrays]
    for first in range(0, flat[0].size, BLOCK):
        yield tuple(array[first : first + BLOCK] for array in flat)


def _like(values: Array) -> Array:
    return np.empty(values.shape, np.result_type(values.dtype, np.float32))


def _noise(count: int, random: np.random.Generator) -> Array:
    return np.clip(random.standard_normal(count), -3, 3)
