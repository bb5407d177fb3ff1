"""train-validation-shift: how validation data differs from training data, and what stands in both."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import Clock, NothingToMeasure, NotMeasured
from tb_nnhealth.flight.examples import order, shift
from tb_nnhealth.flight.examples.rows import Array, Floats, are_windows, is_numeric, named_arrays, rows_of
from tb_nnhealth.flight.examples.targets import CLASSES, NUMBERS, Target, as_classes, targets_of
from tb_nnhealth.flight.examples.twins import common, keys, may_coincide, twins, vary
from tb_nnhealth.flight.reading import arrays
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.instrument.batch import input_names

SHARE = 0.2

FEWEST = 8
"""Examples on either side."""

NAMED = 20
"""Examples that stand on both sides."""

SHORT = 128
"""Values of an example, at most, that may be repeated in the training data by nature."""


CHUNK = 2**22
"""Bytes of the training data that are read at a time."""

MOST_READ = 2**29
"""Bytes of it that are read at most."""

SHARE_OF_TIME = 0.5
"""Of the probe's time, in which they are read."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns how the validation data differs, input by input and target by target.

    Raises:
      NotMeasured: there is no validation data, or too little.
    """
    training, validation = subject.training, subject.validation
    if validation is None:
        raise NothingToMeasure("there is no validation data")
    fewest = min(training.examples, validation.examples)
    if fewest < FEWEST:
        raise NotMeasured(f"data is compared from {FEWEST} examples on each side on, of which one has {fewest}")
    random = subject.random("train-validation-shift")
    names = input_names(subject.model)
    ours, theirs = (sorted(named_arrays(side.x, names), key=lambda named: named[0]) for side in (training, validation))
    if [name for name, _ in ours] != [name for name, _ in theirs]:
        one, other = (", ".join(name for name, _ in side) for side in (ours, theirs))
        raise NotMeasured(f"training data has the inputs {one}, validation data {other}")
    told: dict[str, Any] = {"examples": training.examples, "held": validation.examples}
    told |= {"nonfinite": _nonfinite(training), "held_nonfinite": _nonfinite(validation)}
    sides = [array for _, array in ours], [array for _, array in theirs]
    told |= _in_both(training, validation, *sides, _chunks(training, names, clock, random), random)
    clock.done(0.4)
    told["series"] = any(are_windows(array) for _, array in ours)
    told["ordered"] = any(_stands_for_little(side, subject) for side in (training, validation))
    if not told["ordered"]:
        clock.check("compare the inputs")
        pairs = zip(ours, theirs, strict=True)
        told["inputs"] = [_input(name, one, other, random) for (name, one), (_, other) in pairs]
        clock.done(0.8)
        clock.check("compare the targets")
        told["targets"] = _targets(subject, random)
    return told


def _nonfinite(sample: Sample) -> int:
    return int((~sample.are_finite).sum())


def _in_both(
    training: Sample,
    validation: Sample,
    ours: list[Array],
    theirs: list[Array],
    chunks: Iterator[tuple[int, list[Array]]],
    random: np.random.Generator,
) -> dict[str, Any]:
    """Returns how many examples of validation stand in training, too, among so many of it, and where in both data the
    first ones do."""
    if any(one.shape[1:] != other.shape[1:] for one, other in zip(ours, theirs, strict=True)):
        return {"common": 0}
    found = common(theirs, ours, random)
    found = np.where(found >= 0, np.asarray(training.take(found).places), -1)
    exact, repeated, among = _among(ours, theirs, chunks)
    found = np.where(vary(theirs), np.where(found >= 0, found, exact), -1)
    places = np.flatnonzero(found >= 0)
    are_usual = _are_short(ours) and max(repeated, _repeat(ours)) >= len(places) / len(found) / 2
    return {
        "common": len(places),
        "among": max(among, training.examples),
        "common_validation": np.asarray(validation.take(places[:NAMED]).places).tolist(),
        "are_rows": validation.places is not None and training.places is not None,
        "common_training": found[places[:NAMED]].tolist(),
        "may_coincide": are_usual or may_coincide(ours, random, max(among, training.examples)),
    }


def _chunks(
    training: Sample, names: list[str] | None, clock: Clock, random: np.random.Generator
) -> Iterator[tuple[int, list[Array]]]:
    """Yields where a part of all inputs begins, at random, and its arrays in the order of their names, until the time
    is over or much is read; nothing where they are no more than the sample, or not known."""
    total = training.total or 0
    if training.everything is None or total <= training.examples:
        return
    of_one = max(1, arrays.bytes_of_one((training.everything, None, None)))
    rows, ends = max(1, CHUNK // of_one), clock.spent() + SHARE_OF_TIME * clock.left()
    for first in random.permutation(np.arange(0, total, rows))[: max(1, MOST_READ // (rows * of_one))]:
        if clock.spent() > ends:
            return
        part = arrays.rows(training.everything, np.arange(first, min(first + rows, total)))
        yield int(first), [array for _, array in sorted(named_arrays(part, names), key=lambda named: named[0])]


def _among(
    ours: list[Array], theirs: list[Array], chunks: Iterator[tuple[int, list[Array]]]
) -> tuple[NDArray[np.int64], float, int]:
    """Returns for each of theirs the first place in the chunks where the same stands to the last bit, `[n]`, −1 for
    none; which share of ours stands there more than once; and how many examples there are."""
    held = keys([_as_precise(other, one) for one, other in zip(ours, theirs, strict=True)])
    taken = keys(ours)
    wanted, counts, places, among = {*held, *taken}, Counter[bytes](), dict[bytes, int](), 0
    for first, part in chunks:
        for place, key in enumerate(keys(part), first):
            if key in wanted:
                counts[key] += 1
                places.setdefault(key, place)
        among += len(part[0])
    repeated = float(np.mean([counts[key] > 1 for key in taken]))
    return np.array([places.get(key, -1) for key in held], np.int64), repeated, among


def _as_precise(array: Array, other: Array) -> Array:
    """Returns numbers with the precision of others."""
    return array.astype(other.dtype) if array.dtype.kind == other.dtype.kind == "f" else array


def _are_short(arrays: list[Array]) -> bool:
    """Returns whether inputs are few whole numbers or texts, such as sentences, of which some are said again."""
    width = sum(int(np.prod(array.shape[1:])) for array in arrays)
    return width <= SHORT and all(not is_numeric(array) or bool((array == np.round(array)).all()) for array in arrays)


def _repeat(arrays: list[Array]) -> float:
    """Returns the share of the examples that stand among them more than once."""
    groups = twins(arrays)
    return float((np.bincount(groups)[groups] > 1).mean())


def _stands_for_little(sample: Sample, subject: Subject) -> bool:
    """Returns whether only a part of the data was read, and that comes sorted by its targets."""
    if sample.total == sample.examples or sample.y is None:
        return False
    random = subject.random("order")
    for target in targets_of(sample.y, subject.model):
        values = target.values
        if len(values) < FEWEST:
            continue
        if target.kind == CLASSES:
            found = order.of_neighbours(as_classes(values), random, shuffles=199)
            if len(np.unique(values)) == 1 or (found.excess > 0.2 and found.p <= 0.005):
                return True
        elif len(np.unique(values)) > 1:
            correlation, p = order.of_numbers(values, random, shuffles=199)
            if correlation > 0.2 and p <= 0.005:
                return True
    return False


def _input(name: str, ours: Array, theirs: Array, random: np.random.Generator) -> dict[str, Any]:
    shapes = [list(array.shape[1:]) for array in (ours, theirs)]
    told: dict[str, Any] = {"name": name, "shape": shapes[0], "held_shape": shapes[1]}
    told["fits"] = len(shapes[0]) == len(shapes[1]) and shapes[0][-1:] == shapes[1][-1:]
    if not told["fits"] or not (is_numeric(ours) and is_numeric(theirs)) or 0 in (ours.size, theirs.size):
        return told
    told |= _columns(ours, theirs, random)
    if ours.ndim <= 2:
        told["alike"] = _are_alike(theirs)
        told["constant"] = _constant(ours, theirs)
    if ours.ndim == 4 and ours.shape[-1] == 3:
        told["channels"] = _channels(ours, theirs, random)
    return told


def _columns(ours: Array, theirs: Array, random: np.random.Generator) -> dict[str, Any]:
    return vars(shift.compared(ours, theirs, random))


def _are_alike(rows: Array) -> bool:
    """Returns whether most columns that vary begin at the same value, as the pixels of a picture do."""
    low, high = rows_of(rows).min(axis=0), rows_of(rows).max(axis=0)
    lows = low[high > low]
    return len(lows) > FEWEST and int(np.unique(lows, return_counts=True)[1].max()) > len(lows) / 2


def _constant(ours: Array, theirs: Array) -> list[dict[str, Any]]:
    """Returns the columns that have one value on one side only, with the probability that its share on the other side
    makes of that."""
    one, other = rows_of(ours), rows_of(theirs)
    found = []
    for side, varying, still in (("validation", one, other), ("training", other, one)):
        widths = varying.std(axis=0)
        for column in np.flatnonzero((np.ptp(still, axis=0) == 0) & (widths > 0)):
            share = float((varying[:, column] == still[0, column]).mean())
            found.append(
                {
                    "column": int(column),
                    "side": side,
                    "p": min(1.0, one.shape[1] * share ** len(still)),
                    "width": float(widths[column] / np.median(widths[widths > 0])),
                }
            )
    return sorted(found, key=lambda each: each["p"])[:20]


def _channels(ours: Array, theirs: Array, random: np.random.Generator) -> dict[str, float]:
    """Returns how far the first channel is above the last one in validation, as a multiple of that in training."""
    differences = [means[:, 0] - means[:, 2] for means, _ in map(shift.channel_moments, (ours, theirs))]
    apart, spread = differences[1].mean() - differences[0].mean(), differences[0].std()
    first = float(differences[0].mean())
    return {
        "mirrored": float(differences[1].mean()) / first if first else np.nan,
        "effect": float(abs(apart) / spread) if spread > 0 else np.nan,
        "p": float(shift.p_values(differences[0][:, None], differences[1][:, None], random)[0]),
    }


def _targets(subject: Subject, random: np.random.Generator) -> list[dict[str, Any]]:
    assert subject.validation is not None
    if subject.training.y is None or subject.validation.y is None:
        return []
    held = {target.name: target for target in targets_of(subject.validation.y, subject.model)}
    pairs = [(ours, held[ours.name]) for ours in targets_of(subject.training.y, subject.model) if ours.name in held]
    return [told for ours, theirs in pairs if (told := _target(ours, theirs, random))]


def _target(ours: Target, theirs: Target, random: np.random.Generator) -> dict[str, Any] | None:
    if ours.kind == theirs.kind == NUMBERS:
        found = _columns(ours.values[:, None], theirs.values[:, None], random)
        return {"name": ours.name, "kind": NUMBERS, **found}
    if ours.kind != CLASSES or theirs.kind != CLASSES:
        return None
    is_of_numbers = is_numeric(ours.values) and is_numeric(theirs.values)
    one, other = (side.values.astype(np.float64 if is_of_numbers else str) for side in (ours, theirs))
    names = np.unique(np.concatenate([one, other]))
    one, other = np.searchsorted(names, one), np.searchsorted(names, other)
    shares = [np.bincount(side, minlength=len(names)) / len(side) for side in (one, other)]
    apart, p = shift.p_of_shares(one, other, random)
    told = {"name": ours.name, "kind": CLASSES, "classes": len(names), "apart": apart, "p_apart": p}
    told |= _unseen("missing", names, shares[0], shares[1], len(other))
    return told | _unseen("new", names, shares[1], shares[0], len(one))


def _unseen(which: str, names: Array, shares: Floats, where: Floats, examples: int) -> dict[str, Any]:
    """Returns the classes with a share here and none where so many examples are, and how likely that is by chance."""
    gone = np.flatnonzero((shares > 0) & (where == 0))
    p = shift.p_unseen(shares[gone], examples, len(names))
    first = np.argsort(p)[:20]
    return {
        which: [f"{name:g}" if names.dtype.kind == "f" else str(name) for name in names[gone[first]]],
        f"{which}_p": p[first],
    }
