"""Inputs and targets of any form as standardized numbers, for models that take nothing else."""

import zlib
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_FEATURES = 128
"""More are projected at random to so many, which keeps distances and linear relations about as they were (Johnson and
Lindenstrauss, 1984)."""

BLOCK = 256
"""So many columns are standardized at a time."""

WORDS = 512
"""Into so many buckets ids and words are counted."""

MOST_KINDS = 256
"""An integer target of at most so many values is a class."""


def features(inputs: Any, random: np.random.Generator) -> Floats:
    """Returns the inputs `[n, ≤ MOST_FEATURES]`, each column with zero mean and unit variance, constant ones left out.

    Ids and words are counted, and taken as they stand where they are few; everything else is flattened.
    """
    return _few([part for leaf in keras.tree.flatten(inputs) if leaf is not None for part in _numbers(leaf)], random)


def encoded(targets: Any, random: np.random.Generator) -> Floats:
    """Returns the targets `[n, ≤ MOST_FEATURES]`: classes as ones and zeros, everything else flattened."""
    return _few([_codes(np.asarray(leaf)) for leaf in keras.tree.flatten(targets) if leaf is not None], random)


def main_direction(values: Floats) -> Floats:
    """Returns each row's coordinate along the direction in which the rows differ most, `[n]`."""
    centred = values - values.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, 0] * sizes[0] if len(sizes) else np.zeros(len(values))


def _few(parts: list[NDArray[Any]], random: np.random.Generator) -> Floats:
    """Returns the columns of all parts, standardized; where they are too many, random sums of them."""
    if sum(part.shape[1] for part in parts) <= MOST_FEATURES:
        return np.concatenate([_standardized(part) for part in parts], axis=1)
    sums = np.zeros((len(parts[0]), MOST_FEATURES))
    for part in parts:
        for start in range(0, part.shape[1], BLOCK):
            columns = _standardized(part[:, start : start + BLOCK])
            sums += columns @ random.standard_normal((columns.shape[1], MOST_FEATURES))
    return _standardized(sums)


def _standardized(columns: NDArray[Any]) -> Floats:
    columns = np.nan_to_num(columns.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    spread = columns.std(axis=0)
    varies = spread > 1e-12 * (1 + np.abs(columns).max(axis=0, initial=0.0))
    return np.asarray((columns[:, varies] - columns[:, varies].mean(axis=0)) / spread[varies], np.float64)


def _numbers(leaf: NDArray[Any]) -> list[NDArray[Any]]:
    flat = leaf.reshape(len(leaf), -1)
    if leaf.dtype.kind in "OSU":
        return [_counts(flat, lambda text: [zlib.crc32(word) for word in _as_bytes(text).split()])]
    if leaf.dtype.kind not in "iu" or leaf.dtype == np.uint8 or leaf.ndim > 2:
        return [flat]
    kinds = np.unique(flat)
    if flat.shape[1] * len(kinds) <= 8 * WORDS:
        return [flat, np.concatenate([flat == kind for kind in kinds], axis=1).astype(np.float64)]
    return [flat, _counts(flat, lambda number: [int(number) * 2654435761 >> 7])]


def _counts(rows: NDArray[Any], codes: Any) -> Floats:
    counts = np.zeros((len(rows), WORDS))
    for row, cells in enumerate(rows):
        np.add.at(counts[row], [code % WORDS for cell in cells for code in codes(cell)], 1.0)
    return np.sqrt(counts)


def _as_bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()


def _codes(leaf: NDArray[Any]) -> Floats:
    flat = leaf.reshape(len(leaf), -1)
    if leaf.dtype.kind in "iub" and flat.shape[1] * len(kinds := np.unique(flat)) <= MOST_KINDS * 16:
        return np.concatenate([flat == kind for kind in kinds], axis=1).astype(np.float64)
    return flat.astype(np.float64)
