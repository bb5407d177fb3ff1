"""In which layout a model's weights are compared, where the other holds them otherwise.

PyTorch holds a kernel with its outputs first, an LSTM or a GRU with two biases, and a GRU's first two gates the other
way round. What shapes leave open, as of a square kernel, is tried: ours is run with the reference's weights both ways,
and what comes nearer to the reference's outputs is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from tb_nnhealth.compare.aligning import Alignment, Pair, align, apart, roughly_the_same
from tb_nnhealth.compare.arranging import Axes, arrangements, is_as_it_is
from tb_nnhealth.compare.record import Array, Key, Record

MOST_TRIED = 8
"""So many kernels of which shapes leave the layout open are tried one by one; further ones are taken as the last."""

CLEARLY = 2.0
"""One of two is nearer than the other where it is so many times as near."""

NEAR = 1e-3
"""Outputs that lie nearer than so much of their size are not told apart by which is the nearer."""

Trial = Callable[[Mapping[str, Array]], Record]
"""Runs ours with weights that are given, and returns what came of it."""


@dataclass(frozen=True)
class Layout:
    """How a record's weights are brought into the other's layout.

    `joined`: the two biases that are one in the other model, by the name of both. `axes`: as `np.transpose` takes them.
    `gates`: the weights whose first two gates of three change places. `forgotten`: a kernel that is as in the other
    model, and explains the outputs better when it is turned, empty if there is none.
    """

    joined: Mapping[str, Pair] = field(default_factory=dict)
    is_stacked: frozenset[str] = frozenset()
    axes: Mapping[str, Axes] = field(default_factory=dict)
    gates: frozenset[str] = frozenset()
    forgotten: str = ""

    def of(self, record: Record) -> Record:
        """Returns a record with its weights in the other's layout."""
        owners = {name: record.owners.get(parts[0], "") for name, parts in self.joined.items()}
        return replace(record, values=self.seen(record.values), owners={**record.owners, **owners})

    def seen(self, values: Mapping[Key, Array]) -> dict[Key, Array]:
        """Returns values, those of weights and of their gradients in the other's layout."""
        names = {part: (name, parts) for name, parts in self.joined.items() for part in parts}
        found: dict[Key, Array] = {}
        for (stage, name), value in values.items():
            if stage not in ("weights", "state", "of"):
                found[stage, name] = value
            elif name not in names:
                found[stage, name] = self._turned(name, value)
            elif name == names[name][1][0] and (stage, names[name][1][1]) in values:
                joint, (_, second) = names[name]
                found[stage, joint] = self._turned(joint, self._one(joint, stage, value, values[stage, second]))
        return found

    def held(self, weights: Mapping[str, Array]) -> dict[str, Array]:
        """Returns weights in the other's layout as the model takes them: of two biases that are added one is zero."""
        found = {name: value for name, value in weights.items() if name not in self.joined}
        for name in self.joined.keys() & weights.keys():
            one = weights[name]
            parts = (one[0], one[1]) if name in self.is_stacked else (one, np.zeros_like(one))
            found.update(zip(self.joined[name], parts, strict=True))
        return found

    def told(self) -> tuple[str, ...]:
        """Returns what was done, weight by weight."""
        done = {name: ["stacked" if name in self.is_stacked else "added"] for name in self.joined}
        for name in self.axes:
            done.setdefault(name, []).append("transposed")
        for name in self.gates:
            done.setdefault(name, []).append("first two gates exchanged")
        return tuple(f"{name} ({', '.join(what)})" for name, what in sorted(done.items()))

    def _one(self, name: str, stage: str, first: Array, second: Array) -> Array:
        if name in self.is_stacked:
            return np.stack([first, second])
        return first if stage == "of" else first + second

    def _turned(self, name: str, value: Array) -> Array:
        turned = np.transpose(value, self.axes[name]) if name in self.axes else value
        if name not in self.gates:
            return turned
        first, second, third = np.split(turned, 3, axis=-1)
        return np.concatenate([second, first, third], axis=-1)


def layouts_of(ours: Record, reference: Record, given: Mapping[str, str], trial: Trial) -> tuple[Layout, Layout]:
    """Returns in which layout our weights, and the reference's, are compared.

    Args:
      ours: our values.
      reference: the reference's.
      given: names that the user has paired.
      trial: runs ours with weights that are given.
    """
    layers = align(ours, reference, given).layers
    others = [(other, name) for name, other in layers]
    mine, theirs = _joined(ours, reference, layers, set(given)), _joined(reference, ours, others, set(given.values()))
    seen, joined = mine.of(ours), theirs.of(reference)
    alignment = align(seen, joined, given)
    best = _Search(seen, joined, alignment, lambda weights: trial(mine.held(weights))).best()
    return mine, replace(theirs, axes=best.axes, gates=best.gates, forgotten=best.forgotten)


def _joined(record: Record, other: Record, layers: Sequence[Pair], given: set[str]) -> Layout:
    """Returns which two biases of a recurrent layer are one in the other model."""
    joined: dict[str, Pair] = {}
    stacked = set()
    for name, beside in layers:
        shapes = {weight: record.shape(weight, "weights", "of") or () for weight in record.weights_of(name)}
        biases = [weight for weight, shape in shapes.items() if len(shape) == 1]
        held = [other.shape(weight, "weights", "of") for weight in other.weights_of(beside)]
        if len(shapes) != 4 or len(biases) != 2 or len(held) != 3 or given & set(biases):
            continue
        first, second = biases
        joint = f"{first} + {second.rpartition('/')[2]}"
        if shapes[first] == shapes[second] and held.count(shapes[first]) == 1:
            joined[joint] = (first, second)
        elif shapes[first] == shapes[second] and held.count((2, *shapes[first])) == 1:
            joined[joint] = (first, second)
            stacked.add(joint)
    return Layout(joined, frozenset(stacked))


Change = Callable[[Layout], Layout]


class _Search:
    """Finds how the reference's weights are to be turned.

    Args:
      ours: our values.
      reference: the reference's.
      alignment: what stands against what.
      trial: runs ours with weights that are given.
    """

    def __init__(self, ours: Record, reference: Record, alignment: Alignment, trial: Trial) -> None:
        self._ours, self._reference, self._alignment, self._trial = ours, reference, alignment, trial
        self._turns: dict[str, Axes] = {}
        self._is_open: dict[str, bool] = {}
        for name, other in alignment.weights:
            fitting = arrangements(_shape(ours, name), _shape(reference, other))
            turn = next((axes for axes in fitting if not is_as_it_is(axes)), None)
            if turn:
                self._turns[other] = turn
                self._is_open[other] = is_as_it_is(fitting[0])

    def best(self) -> Layout:
        """Returns the layout in which the reference's weights explain its outputs best."""
        best = Layout(axes={name: turn for name, turn in self._turns.items() if self._is_likely(name)})
        changes, kept = self._changes(), [name for name in self._turns if self._is_as_ours(name)]
        if not (changes or kept) or not self._outputs():
            return best
        outputs = self._tried(best)
        for change in changes[:MOST_TRIED]:
            if self._is_explained(outputs):
                return best
            other = change(best)
            if _is_nearer(found := self._tried(other), outputs):
                best, outputs = other, found
        for name in kept[:MOST_TRIED]:
            if self._is_explained(outputs):
                return best
            if _is_nearer(self._tried(_turned_over({name: self._turns[name]}, best)), outputs):
                return replace(best, forgotten=name)
        return best

    def _is_explained(self, outputs: Sequence[float]) -> bool:
        return all(output <= roughly_the_same(self._ours, self._reference) for output in outputs)

    def _is_likely(self, name: str) -> bool:
        """Returns whether a weight is turned, as far as shapes tell, then the values, then the other weights."""
        if not self._is_open[name]:
            return True
        as_it_is, turned = self._distances(name)
        if min(as_it_is, turned) * CLEARLY < max(as_it_is, turned):
            return turned < as_it_is
        return not all(self._is_open.values())

    def _distances(self, name: str) -> tuple[float, float]:
        """Returns how far a weight is from ours, as it is and turned."""
        mine = next(ours for ours, other in self._alignment.weights if other == name)
        one, two = _value(self._ours, mine), _value(self._reference, name)
        if one is None or two is None:
            return np.inf, np.inf
        return apart(one, two), apart(one, np.transpose(two, self._turns[name]))

    def _changes(self) -> list[Change]:
        """Returns what can be tried: each open kernel with all after it, and the gates of each GRU that is turned."""
        weights = [other for _, other in self._alignment.weights]
        opened = [name for name in weights if self._is_open.get(name) and not self._is_as_ours(name)]
        found: list[Change] = []
        for name in weights:
            if name in opened:
                turns = {other: self._turns[other] for other in opened[opened.index(name) :]}
                found.append(partial(_turned_over, turns))
            gates = self._gates_of(name)
            if gates:
                found.append(partial(_exchanged, gates))
        return found

    def _is_as_ours(self, name: str) -> bool:
        """Returns whether an open kernel is clearly nearer to ours as it is, so that it is not turned."""
        as_it_is, turned = self._distances(name)
        return self._is_open[name] and as_it_is * CLEARLY < turned

    def _gates_of(self, name: str) -> frozenset[str]:
        """Returns the weights of a GRU whose first kernel this is, of which one is held with its outputs first."""
        owner = self._reference.owners.get(name)
        pairs = [pair for pair in self._alignment.weights if owner and self._reference.owners.get(pair[1]) == owner]
        shapes = [_shape(self._ours, ours) or () for ours, _ in pairs]
        is_gru = any(len(shape) == 2 and shape[1] == 3 * shape[0] for shape in shapes)
        is_turned = any(other in self._turns and not self._is_open[other] for _, other in pairs)
        if not (is_gru and is_turned and name == pairs[0][1] and len({shape[-1] for shape in shapes}) == 1):
            return frozenset()
        return frozenset(other for _, other in pairs)

    def _tried(self, layout: Layout) -> list[float]:
        """Returns how far ours, with the reference's weights in a layout, is from each of the reference's outputs."""
        values = layout.seen(self._reference.values)
        given = {name: values["weights", w] for name, w in self._alignment.weights if ("weights", w) in values}
        record = self._trial(given)
        pairs = [(key, self._reference.values[other]) for key, other in self._outputs()]
        return [apart(record.values[key], value) if key in record.values else np.inf for key, value in pairs]

    def _outputs(self) -> list[tuple[Key, Key]]:
        pairs: list[tuple[Key, Key]] = [(("output", n), ("output", other)) for n, other in self._alignment.layers]
        pairs += [(("prediction", n), ("prediction", other)) for n, other in self._alignment.predictions]
        return [(key, other) for key, other in pairs if other in self._reference.values]


def _turned_over(turns: Mapping[str, Axes], layout: Layout) -> Layout:
    kept = {name: turn for name, turn in layout.axes.items() if name not in turns}
    return replace(layout, axes={**kept, **{name: turn for name, turn in turns.items() if name not in layout.axes}})


def _exchanged(gates: frozenset[str], layout: Layout) -> Layout:
    return replace(layout, gates=layout.gates ^ gates)


def _is_nearer(one: Sequence[float], two: Sequence[float]) -> bool:
    """Returns whether the first of the outputs that lies clearly nearer in one of both does so in the first."""
    clear = (a < b for a, b in zip(one, two, strict=True) if min(a, b) * CLEARLY < max(a, b) and max(a, b) > NEAR)
    return next(clear, False)


def _shape(record: Record, name: str) -> tuple[int, ...] | None:
    return record.shape(name, "weights", "of")


def _value(record: Record, name: str) -> Array | None:
    return record.values.get(("weights", name), record.values.get(("of", name)))
