"""Examples that stand in the data more than once."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.examples.rows import LARGEST, Array, Floats, is_numeric, rows_of

TOLERANCE = 1e-5
"""Of the largest value: rounding to float32 on another way to the same example leaves less."""

FEWEST_CONTINUOUS = 3
"""Values of an example that are no whole numbers: fewer are as near to each other by chance, and must be equal."""

MOST_NEAR = 16
"""Examples that one is compared with, value by value."""

MOST_COLUMNS = 512
"""Values of an example that are looked at to tell how many different ones there may be."""

MOST_ROWS = 2000
"""Examples that are looked at for that."""

CHUNK = 2**18
"""Values that are turned into float64 at a time."""


def twins(arrays: Sequence[Array]) -> NDArray[np.int64]:
    """Returns a number for each example, `[n]`, the same for examples that are the same in all arrays."""
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(digest(arrays, i), len(numbers)) for i in range(len(arrays[0]))], np.int64)


def first_of_each(arrays: Sequence[Array]) -> NDArray[np.intp]:
    """Returns the indices of the examples that are not the same as one before, in order."""
    return np.unique(twins(arrays), return_index=True)[1]


def digest(arrays: Sequence[Array], index: int) -> bytes:
    """Returns a short text for an example that is the same for no other."""
    parts = (array[index] for array in arrays)
    text = (
        repr(part.tolist()).encode() if part.dtype.kind == "O" else part.tobytes() for part in map(np.asarray, parts)
    )
    return hashlib.blake2b(b"|".join(text), digest_size=16).digest()


def keys(arrays: Sequence[Array]) -> list[bytes]:
    """Returns a text for each example, `[n]`, the same for those that are the same in all arrays to the last bit."""
    together = np.concatenate([_bytes(array) for array in arrays], axis=1)
    width, whole = max(1, together.shape[1]), together.tobytes()
    return [whole[first : first + width] for first in range(0, len(whole), width)]


def _bytes(array: Array) -> NDArray[np.uint8]:
    """Returns the examples as bytes, `[n, bytes]`: where they are no numbers, what is the same for no other."""
    if is_numeric(array):
        return np.ascontiguousarray(array.reshape(len(array), -1)).view(np.uint8)
    texts = b"".join(digest([array], index) for index in range(len(array)))
    return np.frombuffer(texts, np.uint8).reshape(len(array), -1)


def common(ours: Sequence[Array], theirs: Sequence[Array], random: np.random.Generator) -> NDArray[np.int64]:
    """Returns for each of our examples the index of one of theirs that is the same but for rounding, `[n]`, else −1.

    Examples are projected onto a random direction: only those that are near to each other there are compared.
    """
    widths = [int(np.prod(array.shape[1:])) for array in ours]
    directions = [random.standard_normal((width, 1)) for width in widths]
    (place, error), (other, _) = (_places(side, directions, theirs) for side in (ours, theirs))
    order = np.argsort(other, kind="stable")
    first = np.searchsorted(other[order], place - error)
    last = np.searchsorted(other[order], place + error, side="right")
    tolerance = TOLERANCE if sum(map(_continuous, theirs)) >= FEWEST_CONTINUOUS else 0.0
    reach = [tolerance * _reach(array) for array in theirs]
    found = np.full(len(place), -1, np.int64)
    for i, (low, high) in enumerate(zip(first, last, strict=True)):
        near = order[low : min(high, low + MOST_NEAR)]
        same = (all(map(_are_same, (a[i] for a in ours), (b[j] for b in theirs), reach)) for j in near)
        found[i] = next((j for j, is_same in zip(near, same, strict=True) if is_same), -1)
    return found


def _places(side: Sequence[Array], directions: Sequence[Floats], theirs: Sequence[Array]) -> tuple[Floats, float]:
    """Returns where the examples of a side stand, `[n]`, and how far the same ones may be from each other there."""
    places, error = np.zeros(len(side[0])), 0.0
    for array, direction, other in zip(side, directions, theirs, strict=True):
        if not is_numeric(array):
            places += [int.from_bytes(digest([array], i)[:4], "big") for i in range(len(array))]
            continue
        largest = np.abs(_bounded(other.max(axis=0))).reshape(-1)
        reach = _reach(other).reshape(-1)
        scale = np.where(reach > 0, reach, np.where(largest > 0, largest, 1.0))
        places += projected(array, direction / scale[:, None])[:, 0]
        error += 4 * TOLERANCE * float(np.linalg.norm(1 + (largest + reach) / scale))
    return places, error


def _reach(array: Array) -> Floats:
    """Returns how far the values of each place of an example reach, from the smallest to the largest."""
    if not is_numeric(array):
        return np.zeros(1)
    return _bounded(array.max(axis=0)) - _bounded(array.min(axis=0))


def _bounded(values: Array) -> Floats:
    found = np.asarray(values, np.float64)
    return np.where(np.abs(found) < LARGEST, found, 0.0)


def _continuous(array: Array) -> int:
    """Returns how many values of an example are no whole numbers."""
    if array.dtype.kind != "f":
        return 0
    head = array[:200]
    return int((head != np.round(head)).any(axis=0).sum())


def _are_same(one: Array, other: Array, allowed: Floats) -> bool:
    """Returns whether two examples differ by no more than is allowed; where that is nothing, in single precision."""
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind not in "fV" or other.dtype.kind not in "fV":
        return bool(np.array_equal(one, other))
    if not allowed.any():
        return bool(np.array_equal(one.astype(np.float32), other.astype(np.float32)))
    one, other = one.astype(np.float64), other.astype(np.float64)
    return bool((np.abs(one - other) <= allowed + TOLERANCE * np.abs(other)).all())


def projected(array: Array, directions: Floats) -> Floats:
    """Returns the examples `[n, …]` as numbers `[n, k]` along directions `[values, k]`; what is not finite is 0."""
    return np.concatenate([rows_of(part) @ directions for part in _chunks(array)])


def _chunks(array: Array) -> list[Array]:
    rows = max(1, CHUNK // max(1, int(np.prod(array.shape[1:]))))
    return [array[i : i + rows] for i in range(0, len(array), rows)]


def vary(arrays: Sequence[Array]) -> NDArray[np.bool_]:
    """Returns which examples are more than one value repeated: empty pictures and texts are the same by nature."""
    kept = np.zeros(len(arrays[0]), bool)
    for array in arrays:
        flat = array.reshape(len(array), -1)
        kept |= (flat != flat[:, :1]).any(axis=1) if flat.shape[1] > 1 else True
    return kept


def may_coincide(arrays: Sequence[Array], random: np.random.Generator, among: int | None = None) -> bool:
    """Returns whether inputs have so few values that different examples may be the same by chance, as one of these and
    one `among` so many, which are as many where that is not told.

    They may not where the values of a column hardly repeat, or where all columns together hold twice the bits by which
    the sample's pairs could be told apart (Rényi's collision entropy, as if the columns were independent).
    """
    examples = len(arrays[0])
    rows = np.sort(random.permutation(examples)[:MOST_ROWS])
    n, bits = len(rows), 0.0
    for array in arrays:
        flat = array[rows].reshape(n, -1)
        columns = np.arange(flat.shape[1])
        if len(columns) > MOST_COLUMNS:
            columns = random.choice(columns, MOST_COLUMNS, replace=False)
        for column in columns:
            values = flat[:, column]
            values = values if is_numeric(values) else values.astype(str)
            counts = np.unique(values, return_counts=True)[1].astype(np.float64)
            if values.dtype.kind in "fU" and not _is_whole(values) and len(counts) > n / 2:
                return False
            bits -= math.log2(float(((counts / n) ** 2).sum()))
    return bits < 2 * math.log2(max(4, examples * (among or examples)))


def _is_whole(values: Array) -> bool:
    return values.dtype.kind == "f" and bool((values == np.round(values)).all())
