"""Which value of one model stands against which of another: by order and shape, or as the user says.

The layers of both are sequences, in the order of their calls. Of all ways to pair equal shapes without crossings that
one is taken whose pairs look most alike (a global alignment: S. Needleman, C. Wunsch, J. Mol. Biol. 48, 1970). A layer
may stay without a counterpart, as dropout, activation or flattening does where the other model has none.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tb_nnhealth.compare.noise import UNITS, coarsest
from tb_nnhealth.compare.record import Array, Record, Stage, layer_of

MOST_LOOKED_AT = 4096
"""Of so many elements two outputs are looked at to see whether they are the same."""

Pair = tuple[str, str]
Score = Callable[[str, str], float]


@dataclass(frozen=True)
class Alignment:
    """Pairs of names, ours first, in our order."""

    layers: tuple[Pair, ...]
    predictions: tuple[Pair, ...]
    weights: tuple[Pair, ...]


def align(ours: Record, reference: Record, given: Mapping[str, str]) -> Alignment:
    """Returns what stands against what.

    Args:
      ours: our values.
      reference: the reference's.
      given: names of layers, or of weights, that the user has paired.
    """
    layers = _layers(ours, reference, [pair for pair in given.items() if pair[0] in ours.layers()])
    weights = _weights(ours, reference, layers, [pair for pair in given.items() if pair[0] in ours.weights()])
    return Alignment(tuple(layers), tuple(_predictions(ours, reference)), tuple(weights))


def check_map(ours: Record, reference: Record, given: Mapping[str, str]) -> None:
    """Raises where a map names what is not there, or pairs other shapes.

    Raises:
      ValueError: says which name, and what it may have meant.
    """
    sides = (("ours", ours, list(given)), ("reference", reference, list(given.values())))
    for side, record, names in sides:
        known = [*record.layers(), *record.weights()]
        for name in names:
            if name not in known:
                raise ValueError(
                    f"`map` should pair layers, or weights, of both. Received: {_unknown(name, known, side)}"
                )
            if names.count(name) > 1:
                raise ValueError(f"`map` should name each place once. Received: {name!r} of {side} twice or more.")
    for name, other in given.items():
        stages: tuple[Stage, ...] = ("output", "into") if name in ours.layers() else ("weights", "of")
        shapes = ours.shape(name, *stages), reference.shape(other, *stages)
        if shapes[0] != shapes[1]:
            told = f"{name!r} {shapes[0]} and {other!r} {shapes[1] or 'of another kind'}"
            raise ValueError(f"`map` should pair places of the same shape. Received: {told}.")


def _unknown(name: str, known: Sequence[str], side: str) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:6]
    return f"{name!r}, which {side} does not have (it has {', '.join(near)}{'' if len(near) == len(known) else ', …'})."


def _layers(ours: Record, reference: Record, given: Sequence[Pair]) -> list[Pair]:
    mine, others = ours.layers(), reference.layers()
    taken = {name for name, _ in given}, {name for _, name in given}

    def score(name: str, other: str) -> float:
        return _likeness(ours, reference, name, other)

    def is_same(name: str, other: str) -> bool:
        return _agree(ours, reference, "output", name, other)

    found = _in_order(_without(mine, taken[0]), _without(others, taken[1]), score)
    rest = (
        _without(mine, taken[0] | {name for name, _ in found}),
        _without(others, taken[1] | {name for _, name in found}),
    )
    crossing = _first_fits(*rest, is_same)  # Branches may be called in another order.
    return sorted([*given, *found, *crossing], key=lambda pair: mine.index(pair[0]))


def _predictions(ours: Record, reference: Record) -> list[Pair]:
    mine, others = ours.names("prediction"), reference.names("prediction")
    if set(mine) == set(others):
        return [(name, name) for name in mine]
    return list(zip(mine, others, strict=False))


def _weights(ours: Record, reference: Record, layers: Sequence[Pair], given: Sequence[Pair]) -> list[Pair]:
    """Pairs the weights of layers that are paired, then all others, both by order and shape."""

    def score(name: str, other: str) -> float:
        if ours.shape(name, "weights", "of") != reference.shape(other, "weights", "of"):
            return 0.0
        is_same = _agree(ours, reference, "weights", name, other)
        return 1.0 + (name.rpartition("/")[2] == other.rpartition("/")[2]) + 2.0 * is_same

    found = list(given)

    def pair(mine: Sequence[str], others: Sequence[str]) -> None:
        left = _without(mine, {name for name, _ in found}), _without(others, {name for _, name in found})
        found.extend(_in_order(*left, score))

    for name, other in layers:
        pair(ours.weights_of(name), reference.weights_of(other))
    pair(ours.weights(), reference.weights())
    order = ours.weights()
    return sorted(found, key=lambda pair: order.index(pair[0]))


def _likeness(ours: Record, reference: Record, name: str, other: str) -> float:
    """Returns how much two layers look alike, 0 where they cannot be paired."""
    if ours.shape(name, "output", "into") != reference.shape(other, "output", "into"):
        return 0.0
    held = [
        sorted(str(record.shape(weight, "weights", "of")) for weight in record.weights_of(call))
        for record, call in ((ours, name), (reference, other))
    ]
    points = 1.0 + 8.0 * _agree(ours, reference, "output", name, other)
    points += 3.0 * (held[0] == held[1] != [])
    points += 0.5 * (name.rpartition("/")[2] == other.rpartition("/")[2])
    kinds = ours.kinds.get(layer_of(name)), reference.kinds.get(layer_of(other))
    return points + 0.5 * (kinds[0] is not None and kinds[0] == kinds[1])


def _agree(ours: Record, reference: Record, stage: Stage, name: str, other: str) -> bool:
    """Returns whether two values of the same shape are about the same: half of their digits are."""
    one, two = ours.values.get((stage, name)), reference.values.get((stage, other))
    if one is None or two is None or one.shape != two.shape:
        return False
    unit = UNITS[coarsest(ours.dtypes | reference.dtypes)]
    seen, expected = _looked_at(one), _looked_at(two)
    size = np.linalg.norm(expected)
    return bool(size > 0 and np.linalg.norm(seen - expected) <= np.sqrt(unit) * size)


def _looked_at(value: Array) -> Array:
    return value.reshape(-1)[:: max(1, value.size // MOST_LOOKED_AT)].astype(np.float64)


def _without(names: Sequence[str], taken: set[str]) -> list[str]:
    return [name for name in names if name not in taken]


def _first_fits(mine: Sequence[str], others: Sequence[str], fits: Callable[[str, str], bool]) -> list[Pair]:
    left, found = list(others), []
    for name in mine:
        other = next((other for other in left if fits(name, other)), None)
        if other is not None:
            left.remove(other)
            found.append((name, other))
    return found


def _in_order(mine: Sequence[str], others: Sequence[str], score: Score) -> list[Pair]:
    """Returns the pairs without crossings whose scores add up to most; a score of 0 is no pair."""
    scores = np.array([[score(name, other) for other in others] for name in mine]).reshape(len(mine), len(others))
    best = np.zeros((len(mine) + 1, len(others) + 1))
    for i in range(len(mine) - 1, -1, -1):
        for j in range(len(others) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1], scores[i, j] + best[i + 1, j + 1])
    found, i, j = [], 0, 0
    while i < len(mine) and j < len(others):
        if scores[i, j] > 0 and best[i, j] == scores[i, j] + best[i + 1, j + 1]:
            found.append((mine[i], others[j]))
            i, j = i + 1, j + 1
        elif best[i, j] == best[i + 1, j]:
            i += 1
        else:
            j += 1
    return found
