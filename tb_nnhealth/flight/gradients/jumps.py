"""Whether a function jumps along a way, as one that rounds does: differences tell nothing of its derivative."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

PARTS = 16
HALVINGS = 30
LATE = 10
"""So many of the last halvings make the change of a function with a slope a thousand times smaller; a jump stays."""

SMALLEST = 1e-5
"""Smaller jumps, as a share of the largest value, are rounding of float32."""


def jumps(at: Callable[[float], NDArray[np.float64]]) -> bool:
    """Returns whether a function of a number from 0 to 1, with an array of values, jumps where it changes most.

    The part of the way with the largest change is halved again and again.
    """
    places = np.linspace(0.0, 1.0, PARTS + 1)
    values = [at(float(place)) for place in places]
    first = max(range(PARTS), key=lambda part: _apart(values[part], values[part + 1]))
    left, right = float(places[first]), float(places[first + 1])
    low, high = values[first], values[first + 1]
    changes = [_apart(low, high)]
    for _ in range(HALVINGS):
        place = (left + right) / 2
        middle = at(place)
        if _apart(low, middle) > _apart(middle, high):
            right, high = place, middle
        else:
            left, low = place, middle
        changes.append(_apart(low, high))
    return changes[-1] > SMALLEST * float(np.max(np.abs(high), initial=0.0)) and changes[-1] > changes[-1 - LATE] / 2


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(one - other), initial=0.0))
