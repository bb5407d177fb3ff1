"""The arrays of a sample by name, and as rows of numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.instrument.batch import named_leaves

Array = NDArray[Any]
Floats = NDArray[np.float64]

LARGEST = 1e150
"""Larger numbers are none that a network could be trained on."""


def named_arrays(structure: Any, names: Sequence[str] | None = None) -> list[tuple[str, Array]]:
    """Returns the arrays of a structure by name: their keys, the given names, or numbers. None is left out."""
    return [(name, np.asarray(leaf)) for name, leaf in named_leaves(structure, names) if leaf is not None]


def is_numeric(array: Array) -> bool:
    """Returns whether an array holds real numbers: floats of any width, integers, truth values."""
    return array.dtype.kind in "fiub" or array.dtype.name in ("bfloat16", "float16")


def rows_of(array: Array) -> Floats:
    """Returns the examples of an array of numbers as rows, `[n, values]`; what has no finite square is 0."""
    rows = array.reshape(len(array), -1).astype(np.float64)
    return np.where(np.abs(rows) < LARGEST, rows, 0.0)


def are_windows(array: Array) -> bool:
    """Returns whether most examples are windows of one series: each begins with what the one before went on with."""
    if array.ndim < 2 or not is_numeric(array) or array.shape[1] < 4 or len(array) < 20:
        return False
    head = array[:200].astype(np.float64)
    moves = (head[:, 1:] != head[:, :-1]).reshape(len(head), -1).any(axis=1)[1:]
    same = (head[1:, :-1] == head[:-1, 1:]).reshape(len(head) - 1, -1).all(axis=1)
    return bool((same & moves).mean() > 0.5)
