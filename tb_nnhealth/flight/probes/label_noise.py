"""label-noise: examples whose label is another one than their neighbours', or than that of the same example."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import Clock, NothingToMeasure, NotMeasured
from tb_nnhealth.flight.examples.neighbours import MOST_VALUES, NEAREST, Votes, as_points, votes
from tb_nnhealth.flight.examples.rows import Array, is_numeric, named_arrays
from tb_nnhealth.flight.examples.targets import CLASSES, as_classes, targets_of
from tb_nnhealth.flight.examples.twins import may_coincide, twins
from tb_nnhealth.flight.subject import Subject

SHARE = 0.2

FEWEST = 100
"""Examples: of fewer, too few have neighbours that agree."""

WORST = 20
"""Examples that are named."""

Classes = NDArray[np.int64]


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns, for each target that holds classes, how often neighbours and the same examples differ in it.

    Raises:
      NotMeasured: there are no classes, or too few examples.
    """
    sample, random = subject.training, subject.random("label-noise")
    if sample.y is None:
        raise NothingToMeasure("the data has no targets")
    if sample.examples < FEWEST:
        raise NotMeasured(f"neighbours are compared from {FEWEST} examples on, of which it has {sample.examples}")
    places = np.arange(sample.examples) if sample.places is None else sample.places
    targets = [target for target in targets_of(sample.y, subject.model) if target.kind == CLASSES]
    targets = [target for target in targets if len(np.unique(target.values)) > 1]
    if not targets:
        raise NothingToMeasure("the targets are no classes of which the data has two or more, one an example")
    arrays = [array for _, array in named_arrays(sample.x)]
    groups = twins(arrays)
    numeric = [array for array in arrays if is_numeric(array)]
    width = sum(int(np.prod(array.shape[1:])) for array in numeric)
    is_comparable = bool(numeric) and len(numeric) == len(arrays) and width * sample.examples <= MOST_VALUES
    clock.check("compare neighbours")
    points = as_points(numeric, random) if is_comparable else None
    single = np.unique(groups, return_index=True)[1]
    clock.done(0.5)
    measured = []
    for target in targets:
        clock.check("compare neighbours")
        classes = as_classes(target.values)
        told = {"name": target.name, "examples": sample.examples, "classes": int(classes.max()) + 1}
        told |= _of_twins(classes, groups, places)
        if points is not None and len(single) >= FEWEST and len(np.unique(classes[single])) > 1:
            names = target.values[single]
            told |= _of_neighbours(votes(points[single], as_classes(names)), as_classes(names), names, places[single])
        measured.append(told)
    are_rows = sample.places is not None
    return {"outputs": measured, "may_coincide": may_coincide(arrays, random), "are_rows": are_rows}


def _of_twins(classes: Classes, groups: Classes, places: Classes) -> dict[str, Any]:
    """Returns how many examples have another label than most of their twins, and where two of different ones stand."""
    sizes = np.bincount(groups)
    counts = np.zeros((len(sizes), int(classes.max()) + 1), np.int64)
    np.add.at(counts, (groups, classes), 1)
    differing = (counts > 0).sum(axis=1) > 1
    told: dict[str, Any] = {"conflicts": int((sizes - counts.max(axis=1)).sum()), "conflicting": []}
    if differing.any():
        same = np.flatnonzero(groups == np.flatnonzero(differing)[0])
        other = same[classes[same] != classes[same[0]]]
        told["conflicting"] = places[[same[0], other[0]]].tolist()
    return told


def _of_neighbours(found: Votes, classes: Classes, names: Array, places: Classes) -> dict[str, Any]:
    """Returns how often neighbours differ, all in all and where they agree among themselves."""
    wrong = found.says != classes
    sure = wrong & found.united
    kinds = int(classes.max()) + 1
    united_of = np.bincount(classes[found.united], minlength=kinds)
    shares = np.bincount(classes[sure], minlength=kinds)[united_of > 0] / united_of[united_of > 0]
    worst = np.flatnonzero(sure)[:WORST]
    return {
        "compared": len(classes),
        "asked": NEAREST,
        "wrong": float(wrong.mean()),
        "constant": 1 - float(np.bincount(classes).max()) / len(classes),
        "united": int(found.united.sum()),
        "united_wrong": int(sure.sum()),
        "typical": float(np.sort(shares)[(len(shares) - 1) // 2]) if len(shares) else 0.0,
        "worst": [int(i) for i in places[worst]],
        "worst_labels": [str(names[i]) for i in worst],
        "worst_neighbours": [str(names[np.flatnonzero(classes == found.says[i])[0]]) for i in worst],
    }
