"""The choice of a few examples that any model that can learn can be fitted to."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.examples.twins import digest
from tb_nnhealth.flight.reading.sample import Sample

MOST_CLASSES = 100
"""Targets of more different values are no classes."""


def chosen(sample: Sample, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Returns the indices `[n]` of `count` examples, or of as many as there are, of all classes in turn, or of targets
    from the lowest to the highest.

    No two have the same inputs, for their targets could differ; none has a value that is not finite, or no weight.

    Raises:
      NotMeasured: there are no two such examples.
    """
    are_finite = sample.are_finite
    found: list[int] = []
    seen: set[bytes] = set()
    inputs = _leaves(sample.x)
    for index in _in_turn(sample, random):
        key = digest(inputs, index)
        if key in seen or not (are_finite[index] and _has_weight(sample.take([index]))):
            continue
        seen.add(key)
        found.append(index)
        if len(found) == count:
            break
    if len(found) < 2:
        raise NotMeasured(
            f"expected two examples or more whose inputs differ, with finite values. Received: {len(found)} such "
            f"among {sample.examples}"
        )
    return np.array(found)


def _in_turn(sample: Sample, random: np.random.Generator) -> Iterable[int]:
    """Returns all indices in the order of choice: of each class the first, then of each the second, and so on; of other
    targets the lowest and the highest, then those between them."""
    order = random.permutation(sample.examples)
    targets = _leaves(sample.y)
    labels = next((found for found in map(_labels, targets) if found is not None), None)
    if labels is not None:
        groups = [order[labels[order] == label] for label in random.permutation(np.unique(labels))]
        return _round_robin(groups)
    if not targets or targets[0].dtype.kind not in "fiu" or targets[0].size != sample.examples:
        return [int(index) for index in order]
    ranked = order[np.argsort(targets[0].reshape(-1)[order], kind="stable")]
    return [int(ranked[position]) for position in _spread(len(ranked))]


def _labels(target: NDArray[Any]) -> NDArray[Any] | None:
    """Returns the class of each example `[n]`; None where a target is none: one-hot rows, or few whole numbers."""
    if target.ndim == 2 and target.shape[1] > 1 and np.isin(target, (0, 1)).all() and (target.sum(1) == 1).all():
        return np.asarray(np.argmax(target, 1))
    if target.size != len(target):
        return None
    flat = target.reshape(-1)
    is_whole = flat.dtype.kind in "iub" or (flat.dtype.kind == "f" and bool(np.all(flat == np.round(flat))))
    if not is_whole or len(np.unique(flat)) > min(MOST_CLASSES, max(2, len(flat) // 2)):
        return None
    return np.asarray(flat)


def _round_robin(groups: Iterable[NDArray[np.int64]]) -> Iterator[int]:
    waiting = [list(map(int, group)) for group in groups]
    while waiting:
        for group in waiting:
            yield group.pop(0)
        waiting = [group for group in waiting if group]


def _spread(count: int) -> Iterator[int]:
    """Yields each position among so many once: both ends, then the middle, then those between these, and so on."""
    seen: set[int] = set()
    parts = 1
    while len(seen) < count:
        for position in np.linspace(0, count - 1, parts + 1).round().astype(int):
            if position not in seen:
                seen.add(int(position))
                yield int(position)
        parts *= 2


def _has_weight(one: Sample) -> bool:
    return all(np.all(weight > 0) or weight.size > 1 for weight in _leaves(one.weights))


def _leaves(part: Any) -> list[NDArray[Any]]:
    return [np.asarray(leaf) for leaf in tf.nest.flatten(part) if leaf is not None]
