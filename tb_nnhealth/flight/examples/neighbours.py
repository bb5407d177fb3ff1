"""What the nearest examples' classes say of an example's own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.examples.rows import Array, Floats
from tb_nnhealth.flight.examples.twins import projected

NEAREST = 5
"""Neighbours that are asked."""

DIMENSIONS = 128
"""Wider examples are projected onto so many random directions (Johnson and Lindenstrauss 1984)."""

MOST_VALUES = 2**25
"""Of all examples together that are projected."""


@dataclass(frozen=True)
class Votes:
    """What the neighbours say: `says` `[n]` is the class that most of them have, `united` `[n]` whether all have it."""

    says: NDArray[np.int64]
    united: NDArray[np.bool_]


def as_points(arrays: Sequence[Array], random: np.random.Generator) -> Floats:
    """Returns the examples as points `[n, dimensions]`: numbers by their standard deviations, pictures, sound and the
    like as they are, each array with the same weight."""
    parts = []
    for array in arrays:
        width = int(np.prod(array.shape[1:]))
        if width > DIMENSIONS:
            points = projected(array, random.standard_normal((width, DIMENSIONS)) / np.sqrt(DIMENSIONS))
            spread = np.full(DIMENSIONS, points.std(axis=0).mean())
        else:
            points = projected(array, np.eye(width))
            spread = points.std(axis=0) if array.ndim <= 2 else np.full(width, points.std(axis=0).mean())
        points = points - points.mean(axis=0)
        parts.append(points / np.where(spread > 0, spread, 1.0) / np.sqrt(min(width, DIMENSIONS)))
    return np.concatenate(parts, axis=1)


def votes(points: Floats, classes: NDArray[np.int64]) -> Votes:
    """Returns what the nearest neighbours of each example say.

    Args:
      points: `[n, dimensions]`, all different: twins would have one voice each.
      classes: `[n]`, from 0 on.
    """
    n, kinds = len(points), int(classes.max()) + 1
    square = (points**2).sum(axis=1)
    counts = np.empty((n, kinds), np.int64)
    for start in range(0, n, 512):
        rows = slice(start, min(n, start + 512))
        distances = square[rows, None] + square[None] - 2 * points[rows] @ points.T
        distances[np.arange(len(distances)), np.arange(n)[rows]] = np.inf
        near = np.argpartition(distances, NEAREST, axis=1)[:, :NEAREST]
        which = np.repeat(np.arange(len(near)), NEAREST) * kinds + classes[near].reshape(-1)
        counts[rows] = np.bincount(which, minlength=len(near) * kinds).reshape(len(near), kinds)
    return Votes(counts.argmax(axis=1), counts.max(axis=1) == NEAREST)
