"""Points and directions at which derivatives are compared: near the real values, and off the places with kinks."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NUDGE = 1e-2
"""How far values are moved off where they are, as a share of their scale: a bias of zero is where ReLUs have kinks."""

OF_ZEROS = 0.1
"""The scale of what is all zero."""


def scale(values: Array) -> Array:
    """Returns by how much each value may be changed, so that a hundredth of it keeps its sign, or keeps it below one.

    Values that are nowhere negative may be arguments of a logarithm or a root, those between 0 and 1 are probabilities.
    """
    size = np.abs(values)
    if not size.any():
        return np.full(values.shape, OF_ZEROS)
    if not (values >= 0).all():
        return np.asarray(np.maximum(size, 0.1 * np.median(size[size > 0])))
    return np.minimum(size, 1 - values) if (values < 1).all() else size


def nudged(values: Array, random: np.random.Generator) -> Array:
    """Returns values moved a little, zeros among them, too; those that are nowhere negative stay so."""
    noise = np.clip(random.standard_normal(values.shape), -3, 3)
    if not values.any() or not (values >= 0).all():
        return np.asarray(values + NUDGE * scale(values) * noise)
    floor = NUDGE * np.median(values[values > 0])
    moved = np.where(values > 0, values * (1 - NUDGE * np.abs(noise)), floor * np.abs(noise))
    return np.asarray(np.maximum(moved, 1e-3 * floor))


def direction(scales: Array, random: np.random.Generator) -> Array:
    """Returns a random direction in which each value changes by about its scale."""
    return np.asarray(scales * np.clip(random.standard_normal(scales.shape), -3, 3))
