"""The first examples of anything that `fit` takes, in NumPy; the data then go on from where they were.

Arrays are shuffled by `fit`: of these the sample is a random choice. Of all else it is the first batches.
"""

import contextlib
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.ctrl_c import CtrlC
from tb_nnhealth.flight.fixed_batch import fixed_batch, is_stateful
from tb_nnhealth.flight.reading import arrays, batches
from tb_nnhealth.flight.reading.arrays import SampleError
from tb_nnhealth.numbers import whole
from tb_nnhealth.telling import told

MOST_WHOLE = 4
"""So many batches are kept as they are where their arrays differ in length."""

DEFAULT_BATCH_SIZE = 32
"""What `fit` makes of arrays where it is told nothing else."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some examples of a data set, in host memory.

    Args:
      x, y, weights: structures of arrays, as the model takes them, each with a leading axis of n examples; `y` and
        `weights` are None where there are none.
      batch_size: how many examples are in a batch, of unequal ones the most.
      total: how many examples there are in all, the last batch counted as full; None where that is not known.
      ordered: the first targets in the order of the data; None where there are none.
      shuffles: whether `fit` shuffles the examples whatever their order.
      sizes: the sizes of the batches that were read.
      problems: sentences for the user.
      places: where in the data each example stands, `[n]`; None where that is not known, as of batches.
      broken: why no training can be made of more than these, empty where one can.
      rest: where the data can be read but once, a generator of all batches, also of those that were read.
      whole: the first batches as they are, where the arrays of one differ in length: they have no axis of examples in
        common, `x`, `y` and `weights` are those of the first, and nothing can be taken of them. Else none.
      everything: all inputs, a structure of arrays of `total` examples; None where the data come in batches.
      is_interrupted: whether Ctrl-C ended the reading, which then leaves no example.
    """

    x: Any
    y: Any = None
    weights: Any = None
    batch_size: int = DEFAULT_BATCH_SIZE
    total: int | None = None
    ordered: Any = None
    shuffles: bool = False
    sizes: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    rest: Iterator[Any] | None = None
    broken: str = ""
    places: NDArray[np.int64] | None = None
    whole: tuple[arrays.Parts, ...] = ()
    everything: Any = None
    is_interrupted: bool = False

    @property
    def examples(self) -> int:
        """How many examples there are: n."""
        return max(map(len, keras.tree.flatten(self.x))) if self.whole else len(keras.tree.flatten(self.x)[0])

    @property
    def are_finite(self) -> NDArray[np.bool_]:
        """Whether an example holds neither NaN nor infinity, `[n]`."""
        found = np.ones(self.examples, bool)
        for leaf in keras.tree.flatten((self.x, self.y, self.weights)):
            array = np.asarray(leaf)
            if leaf is not None and array.dtype.kind in "fc":
                found &= np.isfinite(array).all(axis=tuple(range(1, array.ndim)))
        return found

    def take(self, indices: Any) -> "Sample":
        """Returns a sample of some of the examples, which may be repeated."""
        chosen = np.arange(self.examples)[indices]
        x, y, weights = (arrays.rows(part, chosen) for part in (self.x, self.y, self.weights))
        places = chosen if self.places is None else self.places[chosen]
        size = min(self.batch_size, len(chosen))
        return replace(self, x=x, y=y, weights=weights, batch_size=size, places=places, problems=(), rest=None)

    def in_batches(self) -> Iterator["Sample"]:
        """Yields the examples batch by batch, the last one filled up with the last example: a model may be made for
        whole batches only."""
        for first in range(0, self.examples, self.batch_size):
            yield self.take(np.minimum(np.arange(first, first + self.batch_size), self.examples - 1))


NOTHING = Sample(np.empty(0))
"""No example."""


@dataclass(frozen=True)
class _Limits:
    examples: int
    bytes: int
    ordered: int
    seconds: float


def read(
    data: Any,
    model: Any = None,
    most_examples: int = 512,
    most_bytes: int = 32 * 2**20,
    most_ordered: int = 4096,
    seed: int = 0,
    batch_size: int | None = None,
    most_seconds: float = 10.0,
) -> Sample:
    """Returns a sample of data.

    The process' random generators are brought back, but for those that a Python generator draws from: its batches are
    handed on in `Sample.rest`. So nothing may bring these back after this is called.

    Args:
      data: arrays `x`, `(x, y)` or `(x, y, sample_weight)`, structures of them, or a `tf.data.Dataset`, `PyDataset`,
        generator or `DataLoader` of batches of these.
      model: the model that takes the data; None where it is not known.
      most_examples: how many examples are taken.
      most_bytes: how many bytes the examples may have; one is taken in any case.
      most_ordered: how many targets are read in the order of the data.
      seed: of the choice among arrays.
      batch_size: that of arrays.
      most_seconds: so long after the first batch reading ends with what was read.

    Returns:
      What could be read, which may be no example: `Sample.broken` then says why.

    Raises:
      SampleError: the data is none that `fit` takes; says why.
    """
    limits = _Limits(most_examples, most_bytes, most_ordered, most_seconds)
    source = batches.source_of(data)
    try:
        with CtrlC() as ctrl_c:
            if source is not None:
                return _of_batches(source, model, limits, ctrl_c)
            with ctrl_c.heard():
                return _of_arrays(arrays.unpacked(data, model), model, limits, seed, batch_size)
    except KeyboardInterrupt:
        if source is None:
            return replace(NOTHING, is_interrupted=True)
        return replace(NOTHING, problems=tuple(source.problems), rest=source.rest(), is_interrupted=True)


def _of_arrays(parts: arrays.Parts, model: Any, limits: _Limits, seed: int, batch_size: int | None) -> Sample:
    total = arrays.length(parts)
    unequal = arrays.unequal(parts)
    broken = (
        (f"Expected as many examples in each array. Received: {unequal}." if unequal else "")
        or arrays.texts(parts)
        or ("" if total else "Expected at least one example. Received: none.")
    )
    fitting = limits.bytes // max(1, arrays.bytes_of_one(parts))
    most = min(total, max(1, min(limits.examples, fitting)))
    chosen = np.random.default_rng(seed).choice(total, most, replace=False)
    x, y, weights = (arrays.rows(part, chosen) for part in parts)
    size = min(total, _usual_batch(model) if batch_size is None else batch_size)
    problems = (*arrays.filled_up(parts), *_problems(y, model, total == 1))
    ordered = arrays.rows(parts[1], np.arange(min(total, _most_ordered(parts[1], limits))))
    return Sample(
        x, y, weights, size, total, ordered, True, (size,), problems, broken=broken, places=chosen, everything=parts[0]
    )


def _usual_batch(model: Any) -> int:
    """Returns how many examples of arrays `fit` takes in a batch: as many as a stateful model has states for, which it
    has to be told; else what it takes untold."""
    size = fixed_batch(model) if model is not None and is_stateful(model) else None
    return DEFAULT_BATCH_SIZE if size is None else size


def _of_batches(source: batches.Source, model: Any, limits: _Limits, ctrl_c: CtrlC) -> Sample:
    taken = _Taken(limits, model, source.is_rereadable)
    error: SampleError | None = None
    with source.opened() as opened:
        try:
            for batch in _readable(opened, ctrl_c.heard if source.is_rereadable else contextlib.nullcontext):
                with ctrl_c.heard():
                    taken.add(batch)
                if taken.is_enough():
                    break
            else:
                taken.is_all = True
        except SampleError as raised:
            error = raised
    if taken.is_empty():
        broken = str(error or "Expected at least one batch of data. Received: none.")
        return replace(NOTHING, problems=tuple(source.problems), rest=source.rest(), broken=broken)
    broken = f"The data broke off. {error}" if error else ""
    return replace(taken.sample(source, (*source.problems, *taken.problems)), broken=broken)


def _readable(opened: Iterator[Any], within: Callable[[], contextlib.AbstractContextManager[None]]) -> Iterator[Any]:
    """Yields the batches, each read within a context; what is raised meanwhile is told as what cannot be read."""
    for number in itertools.count(1):
        try:
            with within():
                batch = next(opened)
        except StopIteration:
            return
        except Exception as error:
            raise SampleError(
                f"Expected data that can be read. Received: {told(error)} (in batch {number})."
            ) from error
        yield batch


class _Taken:
    """What was taken of the batches so far.

    Args:
      limits: how much is taken.
      model: the model that takes the batches; None where it is not known.
      is_rereadable: whether batches may be read that are not taken.
    """

    def __init__(self, limits: _Limits, model: Any, is_rereadable: bool) -> None:
        self.problems: list[str] = []
        self.is_all = False
        self._limits = limits
        self._model = model
        self._is_rereadable = is_rereadable
        self._sizes: list[int] = []
        self._first: list[arrays.Parts] = []
        self._are_unequal = False
        self._parts: list[arrays.Parts] = []
        self._targets: list[Any] = []
        self._most_ordered = limits.ordered
        self._bytes = 0
        self._counted = 0
        self._left_out = 0
        self._deadline = math.inf

    def add(self, batch: Any) -> None:
        """Takes of a batch what there is room for.

        Raises:
          SampleError: it is no batch.
        """
        parts = arrays.unpacked(batch, None)
        arrays.check_is_batch(parts[0], self._model)
        size, unequal = arrays.length(parts), arrays.unequal(parts)
        for problem in arrays.filled_up(parts):
            self._tell(problem)
        parts = arrays.dense(parts)
        if (size or unequal) and len(self._first) < MOST_WHOLE:
            self._keep(parts)
        if unequal and not self._are_unequal:
            self._are_unequal = True
            self._tell(
                f"The arrays of a batch differ in length ({unequal}) and have no axis of examples in common: "
                "no experiment is made that takes examples of this data."
            )
        if size and not self._are_unequal:
            self._add(parts, size)

    def is_empty(self) -> bool:
        """Returns whether there was no batch with anything in it."""
        return not self._first

    def is_enough(self) -> bool:
        """Returns whether no more is to be read."""
        if self._are_unequal:
            return len(self._first) == MOST_WHOLE or time.monotonic() > self._deadline
        if time.monotonic() > self._deadline:
            if not self._is_full():
                number = whole(sum(self._sizes))
                self._tell(f"The data is slow to read: the first {number} examples took {self._limits.seconds:g} s.")
            return True
        return self._is_full() and not (self._targets and self._is_rereadable and self._has_room_for_targets())

    def sample(self, source: batches.Source, problems: tuple[str, ...]) -> Sample:
        """Returns what was taken as a sample."""
        if self._are_unequal:
            return self._unequal(source, problems)
        x, y, weights = arrays.joined(self._parts)
        total = source.total(max(self._sizes))
        return Sample(
            x,
            y,
            weights,
            max(self._sizes),
            total,
            arrays.joined_targets(self._targets, self._most_ordered),
            False,
            tuple(self._sizes),
            (*problems, *_problems(y, self._model, total == 1 or (self.is_all and sum(self._sizes) == 1))),
            source.rest(),
        )

    def _unequal(self, source: batches.Source, problems: tuple[str, ...]) -> Sample:
        first = Sample(*self._first[0], whole=tuple(self._first), rest=source.rest())
        size = first.examples
        problems = (*problems, *_problems(first.y, self._model, False))
        return replace(first, batch_size=size, total=source.total(size), sizes=(size,), problems=problems)

    def _keep(self, parts: arrays.Parts) -> None:
        if not self._first:  # What the first one takes, filling a shuffle's buffer, is not known of the others.
            self._deadline = time.monotonic() + self._limits.seconds
        if not self._first or arrays.are_alike(parts, self._first[0]):
            self._first.append(parts)

    def _add(self, parts: arrays.Parts, size: int) -> None:
        if not self._is_full():
            self._take(parts, size)
        if parts[1] is not None and self._has_room_for_targets():
            self._most_ordered = min(self._most_ordered, _most_ordered(parts[1], self._limits))
            self._targets.append(parts[1])
        self._sizes.append(size)

    def _take(self, parts: arrays.Parts, size: int) -> None:
        of_one = max(1, arrays.bytes_of_one(parts))
        room = min(self._limits.examples - self._counted, (self._limits.bytes - self._bytes) // of_one)
        is_alike = not self._parts or arrays.are_alike(parts, self._parts[0])
        if is_alike or not self._is_rereadable:
            self._counted += size
            self._bytes += size * of_one
        if not is_alike:
            self._leave_out(parts, size)
            return
        x, y, weights = (arrays.rows(part, np.arange(max(not self._parts, min(size, room)))) for part in parts)
        self._parts.append((x, y, weights))

    def _leave_out(self, parts: arrays.Parts, size: int) -> None:
        if not self._left_out:
            self._tell(
                "The batches differ in shape or structure: only those like the first are in the sample. "
                f"Received: {arrays.shapes_told(self._parts[0][0])} and {arrays.shapes_told(parts[0])}."
            )
        self._left_out += size

    def _is_full(self) -> bool:
        """Returns whether there is no room, or too much was left out that is not like the first."""
        is_full = self._counted >= self._limits.examples or self._bytes >= self._limits.bytes
        return is_full or self._left_out > self._limits.ordered

    def _has_room_for_targets(self) -> bool:
        return sum(self._sizes) < self._most_ordered

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _most_ordered(targets: Any, limits: _Limits) -> int:
    return min(limits.ordered, limits.bytes // max(1, arrays.bytes_of_one((None, targets, None))))


def _problems(y: Any, model: Any, is_single: bool) -> tuple[str, ...]:
    problems = []
    if y is None and not _has_no_loss(model):
        problems.append("The data holds no targets: what needs them is not measured.")
    if is_single:
        problems.append("The data holds one example only.")
    return tuple(problems)


def _has_no_loss(model: Any) -> bool:
    """Returns whether a model is compiled, and without a loss that takes targets."""
    return bool(getattr(model, "compiled", False)) and model._compile_loss is None
