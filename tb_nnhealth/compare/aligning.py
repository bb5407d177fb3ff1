"""Which value of one model stands against which of another: by order and shape, or as the user says.

The layers of both are sequences, in the order of their calls. Of all ways to pair equal shapes without crossings that
one is taken whose pairs look most alike (a global alignment: S. Needleman, C. Wunsch, J. Mol. Biol. 48, 1970). A layer
may stay without a counterpart, as dropout, activation or flattening does where the other model has none. Of a layer
with an activation of its own, what that is given is a place, too.
"""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tb_nnhealth.compare.arranging import arrangements, is_as_it_is
from tb_nnhealth.compare.noise import UNITS, coarsest
from tb_nnhealth.compare.record import Array, Record, Stage, active, layer_of

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
    predictions = _predictions(ours, reference)
    weights = _weights(ours, reference, layers, [pair for pair in given.items() if pair[0] in ours.weights()])
    layers = _with_missing_activations(ours, reference, layers, predictions)
    layers = _with_other_shapes(ours, reference, layers, weights, predictions)
    return Alignment(tuple(layers), tuple(predictions), tuple(weights))


def are_transposes(ours: Record, reference: Record, weights: Pair) -> bool:
    """Returns whether two weights are kernels of which one is the other's transpose."""
    one, two = ours.values.get(("weights", weights[0])), reference.values.get(("weights", weights[1]))
    if one is None or two is None or one.ndim != 2 or one.T.shape != two.shape:
        return False
    return np.allclose(one.T, two, rtol=1e-6, atol=0)


def check_map(ours: Record, reference: Record, given: Mapping[str, str]) -> None:
    """Raises where a map names what is not there, or pairs other shapes.

    Raises:
      ValueError: says which name, and what it may have meant.
    """
    sides = (("ours", ours, list(given)), ("the reference", reference, list(given.values())))
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
        is_weight = name not in ours.layers()
        if not (arrangements(*shapes) if is_weight else shapes[0] == shapes[1]):
            told = f"{name!r} {shapes[0]} and {other!r} {shapes[1] or 'of another kind'}"
            raise ValueError(f"`map` should pair places of the same shape. Received: {told}.")


def _unknown(name: str, known: Sequence[str], side: str) -> str:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or known[:6]
    return f"{name!r}, which {side} does not have (it has {', '.join(near)}{'' if len(near) == len(known) else ', …'})."


def _layers(ours: Record, reference: Record, given: Sequence[Pair]) -> list[Pair]:
    mine, others = ours.layers(), reference.layers()
    taken = {name for name, _ in given}, {name for _, name in given}
    looks = _looks(ours), _looks(reference)

    def score(name: str, other: str) -> float:
        look, of_other = looks[0][name], looks[1][other]
        return _likeness(look, of_other, _apart(ours, reference, "output", name, other), _unit(ours, reference))

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
        fitting = arrangements(ours.shape(name, "weights", "of"), reference.shape(other, "weights", "of"))
        if not fitting:
            return 0.0
        one, two = ours.values.get(("weights", name)), reference.values.get(("weights", other))
        is_same = one is not None and two is not None and any(agree(one, np.transpose(two, axes)) for axes in fitting)
        points = 1.0 if is_as_it_is(fitting[0]) else 0.5
        return points + (name.rpartition("/")[2] == other.rpartition("/")[2]) + 2.0 * is_same

    def agree(one: Array, two: Array) -> bool:
        return apart(one, two) <= roughly_the_same(ours, reference)

    found = list(given)

    def pair(mine: Sequence[str], others: Sequence[str]) -> None:
        left = _without(mine, {name for name, _ in found}), _without(others, {name for _, name in found})
        found.extend(_in_order(*left, score))

    for name, other in layers:
        pair(ours.weights_of(name), reference.weights_of(other))
    pair(ours.weights(), reference.weights())
    order = ours.weights()
    return sorted(found, key=lambda pair: order.index(pair[0]))


@dataclass(frozen=True)
class _Look:
    """What is seen of a layer's call. `held`: the sizes of the weights behind it, which it `is_last` with."""

    name: str
    kind: str | None
    shape: tuple[int, ...] | None
    held: tuple[str, ...]
    is_last: bool


def _looks(record: Record) -> dict[str, _Look]:
    calls = record.layers()
    behind = [record.weights_behind(call) for call in calls]
    shapes = [record.shape(call, "output", "into") for call in calls]
    found = {}
    for index, call in enumerate(calls):
        held = tuple(sorted(str(sorted(record.shape(weight, "weights", "of") or ())) for weight in behind[index]))
        following = [*zip(behind, shapes, strict=True), None][index + 1]
        is_last = following != (behind[index], shapes[index])
        kind = record.kinds.get(layer_of(call))
        found[call] = _Look(call.rpartition("/")[2], kind, shapes[index], held, is_last)
    return found


def _likeness(one: _Look, two: _Look, apart: float, unit: float) -> float:
    """Returns how much two layers look alike, 0 where they cannot be paired."""
    if one.shape != two.shape:
        return 0.0
    digits = math.log(max(apart, unit)) / math.log(math.sqrt(unit)) if apart < 1 else 0.0  # 1: half of them.
    # Of a sum and its activation, the values tell which is meant; where they do not, both are the last of theirs.
    points = 1.0 + (8.0 if digits >= 1 else 4.0 * digits + 0.75 * (one.is_last and two.is_last))
    points += 3.0 * (one.held == two.held != ())
    points += 0.5 * (one.name == two.name)
    return points + 0.5 * (one.kind is not None and one.kind == two.kind)


def _with_missing_activations(
    ours: Record, reference: Record, layers: Sequence[Pair], predictions: Sequence[Pair]
) -> list[Pair]:
    """Pairs what an activation gives with what the other model hands on without one, if they differ from there on.

    Where they do not, the other model activates in no layer.
    """
    paired = [{name for name, _ in layers}, {name for _, name in layers}]
    found = []
    for index, (name, other) in enumerate(layers):
        found.append((name, other))
        if _go_on_alike(ours, reference, layers[index + 1 :], predictions):
            continue
        mine, theirs = active(name), active(other)
        if theirs and not mine and theirs not in paired[1] and name in ours.passed_on:
            found.append((name, theirs))
        if mine and not theirs and mine not in paired[0] and other in reference.passed_on:
            found.append((mine, other))
    return found


def _with_other_shapes(
    ours: Record, reference: Record, layers: Sequence[Pair], weights: Sequence[Pair], predictions: Sequence[Pair]
) -> list[Pair]:
    """Pairs layers with the same weights whose outputs are of other shapes, if the models differ from there on."""
    order, found = ours.layers(), list(layers)
    for owners in dict.fromkeys((ours.owners.get(name), reference.owners.get(other)) for name, other in weights):
        paired = [{name for name, _ in found}, {name for _, name in found}]
        calls = [
            [call for call in record.layers() if layer_of(call) == owner and call not in taken]
            for record, owner, taken in zip((ours, reference), owners, paired, strict=True)
        ]
        if not all(calls):
            continue
        name, other = calls[0][0], calls[1][0]
        shapes = ours.shape(name, "output") or (), reference.shape(other, "output") or ()
        following = [pair for pair in layers if order.index(pair[0]) > order.index(name)]
        is_other = len(shapes[0]) == len(shapes[1]) and sorted(shapes[0]) != sorted(shapes[1])
        if is_other and not _go_on_alike(ours, reference, following, predictions):
            found.append((name, other))
    return sorted(found, key=lambda pair: order.index(pair[0]))


def _go_on_alike(ours: Record, reference: Record, following: Sequence[Pair], predictions: Sequence[Pair]) -> bool:
    """Returns whether the next pair agrees, after the last the predictions."""
    if following:
        return _agree(ours, reference, "output", *following[0])
    return all(_agree(ours, reference, "prediction", *pair) for pair in predictions)


def _agree(ours: Record, reference: Record, stage: Stage, name: str, other: str) -> bool:
    return _apart(ours, reference, stage, name, other) <= roughly_the_same(ours, reference)


def roughly_the_same(ours: Record, reference: Record) -> float:
    """Returns how far apart two values may be that are about the same: half of their digits are."""
    return math.sqrt(_unit(ours, reference))


def _apart(ours: Record, reference: Record, stage: Stage, name: str, other: str) -> float:
    one, two = ours.values.get((stage, name)), reference.values.get((stage, other))
    return np.inf if one is None or two is None else apart(one, two)


def apart(value: Array, expected: Array) -> float:
    """Returns how far apart two values of the same shape are, by the expected one's size; else infinity."""
    if value.shape != expected.shape:
        return np.inf
    one, two = _looked_at(value), _looked_at(expected)
    size = np.linalg.norm(two)
    if not (0 < size < np.inf and np.isfinite(one).all()):
        return np.inf
    return float(np.linalg.norm(one - two) / size)


def _unit(ours: Record, reference: Record) -> float:
    return UNITS[coarsest(ours.dtypes | reference.dtypes)]


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
