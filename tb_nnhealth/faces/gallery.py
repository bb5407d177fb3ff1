"""A gallery in the words of the tab and the report: what each tensor is, and which predictions are right."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tb_nnhealth.faces.wording import capital, count, listed, number, plural
from tb_nnhealth.pairing import paired
from tb_nnhealth.records import Exhibit, Gallery, is_slender

LARGEST = 128
"""Pixels that the longer side of a small picture is enlarged to, at most."""

Content = dict[str, Any]


def at_step(galleries: Sequence[Gallery], step: int | None) -> int:
    """Returns the place of the last gallery that was taken by a step, of the first one where all came later."""
    if step is None:
        return max(0, len(galleries) - 1)
    return max((place for place, gallery in enumerate(galleries) if gallery.step <= step), default=0)


def by_examples(galleries: Iterable[Gallery]) -> list[list[Gallery]]:
    """Returns the galleries, those together that follow each other and are of the same examples."""
    sets: list[list[Gallery]] = []
    for gallery in galleries:
        if sets and _are_same(sets[-1][-1], gallery):
            sets[-1].append(gallery)
        else:
            sets.append([gallery])
    return sets


def title(gallery: Gallery) -> str:
    """Returns when a gallery was taken: "after epoch 4, step 1,200"."""
    if gallery.epoch is None:
        return "in the preflight"
    return f"after epoch {count(gallery.epoch + 1)}, step {count(gallery.step)}"


def right(gallery: Gallery) -> list[bool | None]:
    """Returns of each example whether all its predicted classes are right, None where that cannot be told."""
    targets, predictions = (
        {exhibit.name: exhibit for exhibit in gallery.of(stage) if exhibit.kind == "classes" and not exhibit.several}
        for stage in ("target", "prediction")
    )
    pairs = [(targets[one], predictions[other]) for one, other in paired(list(targets), list(predictions)).items()]
    return [_is_right(pairs, place) for place in range(gallery.examples)]


def said(gallery: Gallery) -> str:
    """Returns how many predictions are right: "6 of 8 predictions are right", "" where that cannot be told."""
    judged = [each for each in right(gallery) if each is not None]
    if not judged:
        return ""
    return f"{sum(judged)} of {plural(len(judged), 'prediction')} {'is' if len(judged) == 1 else 'are'} right"


def content(gallery: Gallery) -> Content:
    """Returns what is shown of a gallery, as strict JSON data."""
    exhibits, repeated = without_repeats(gallery)
    return {
        "title": title(gallery),
        "said": said(gallery),
        "examples": gallery.examples,
        "right": right(gallery),
        "exhibits": [_exhibit(exhibit) for exhibit in exhibits],
        "left_out": [*gallery.left_out, *repeated],
    }


def size(exhibit: Exhibit) -> list[int]:
    """Returns height and width of a picture on the screen: small ones are enlarged by a whole number, so that each
    pixel is a square; of slender ones each side by its own."""
    sides = [max(1, side) for side in exhibit.size]
    scales = sides if len(sides) == 2 and is_slender(*sides) else [max(sides, default=1)] * len(sides)
    return [drawn * max(1, LARGEST // side) for drawn, side in zip(exhibit.size, scales, strict=True)]


def heading(exhibit: Exhibit) -> str:
    """Returns what a tensor is, in a few words."""
    if exhibit.stage == "first":
        return f"what {_short(exhibit.layer)} gets of {exhibit.name}"
    return exhibit.name if exhibit.stage == "input" else f"{exhibit.stage} {exhibit.name}"


def told(exhibit: Exhibit) -> str:
    """Returns what is to be known of a tensor: its form, its range, and how it is drawn."""
    size = math.prod(exhibit.shape)
    shape = plural(size, "value") if len(exhibit.shape) < 2 else " × ".join(map(count, exhibit.shape))
    parts = [f"{shape}, {exhibit.dtype}" if exhibit.dtype else shape]
    if not math.isnan(exhibit.low):
        low, high, mean, std = (number(each) for each in (exhibit.low, exhibit.high, exhibit.mean, exhibit.std))
        parts.append(f"from {low} to {high}, mean {mean}, std {std}")
        if exhibit.kind == "picture":
            black, white = map(number, exhibit.drawn or (exhibit.low, exhibit.high))
            parts.append(f"drawn from black at {black} to white at {white}")
    parts += [exhibit.channels] if exhibit.channels else []
    if exhibit.nonfinite:
        drawn = ", drawn in magenta" if exhibit.kind == "picture" else ""
        parts.append(f"{count(exhibit.nonfinite)} NaN or infinite{drawn}")
    if exhibit.stage == "input" and exhibit.layer is not None:
        parts.append(f"{_short(exhibit.layer)} gets it as it is")
    return "; ".join(parts)


def columns(exhibit: Exhibit) -> list[str]:
    """Returns the headings of the columns that an exhibit takes in a table: one without a name where it is one."""
    return list(exhibit.columns) if exhibit.kind == "numbers" and len(exhibit.columns) > 1 else [""]


def without_repeats(gallery: Gallery) -> tuple[list[Exhibit], list[str]]:
    """Returns the exhibits without the numbers of an input that a first layer gets again, as beside another one that is
    put to it; and sentences on what that leaves out."""
    inputs = [exhibit for exhibit in gallery.of("input") if _is_of_numbers(exhibit)]
    kept, told = [], []
    for exhibit in gallery.exhibits:
        found = _repeats(exhibit, inputs) if exhibit.stage == "first" and _is_of_numbers(exhibit) else []
        places = sorted({place for _, block in found for place in block})
        if not places:
            kept.append(exhibit)
            continue
        names = listed([given.name for given, _ in found])
        told.append(f"{capital(heading(exhibit))}: {plural(len(places), 'value')} that repeat {names} are left out.")
        rest = [place for place in range(len(exhibit.columns)) if place not in places]
        values = tuple(tuple(value[place] for place in rest) for value in exhibit.values)
        if rest:
            kept.append(replace(exhibit, columns=tuple(exhibit.columns[place] for place in rest), values=values))
    return kept, told


def _are_same(one: Gallery, other: Gallery) -> bool:
    """Returns whether two galleries are of the same examples, by their inputs and targets that both have."""
    known, told = (
        # As text: NaN is itself there.
        {(exhibit.stage, exhibit.name): repr(exhibit.values) for exhibit in each.of("input", "target")}
        for each in (one, other)
    )
    both = known.keys() & told.keys()
    may_be = one.examples == other.examples and (bool(both) or not known | told)
    return may_be and all(known[name] == told[name] for name in both)


def _is_of_numbers(exhibit: Exhibit) -> bool:
    return exhibit.kind == "numbers" and bool(exhibit.columns) and bool(exhibit.values)


def _repeats(exhibit: Exhibit, inputs: Sequence[Exhibit]) -> list[tuple[Exhibit, range]]:
    """Returns the inputs whose numbers stand in an exhibit side by side, each with the places of its columns there."""
    found = []
    held = np.array(exhibit.values)
    for given in inputs:
        sought, width = np.array(given.values), len(given.columns)
        starts = (
            start
            for start in range(held.shape[1] - width + 1)
            if np.array_equal(held[:, start : start + width], sought, equal_nan=True)
        )
        start = next(starts, None)
        if start is not None:
            found.append((given, range(start, start + width)))
    return found


def _exhibit(exhibit: Exhibit) -> Content:
    return {
        "stage": exhibit.stage,
        "name": exhibit.name,
        "heading": heading(exhibit),
        "told": told(exhibit),
        "kind": exhibit.kind,
        "columns": columns(exhibit),
        "unit": exhibit.unit,
        "size": size(exhibit),
        "values": [_strict(value) for value in exhibit.values],
    }


def _is_right(pairs: Sequence[tuple[Exhibit, Exhibit]], place: int) -> bool | None:
    answers = [(target.values[place], prediction.values[place]) for target, prediction in pairs]
    judged = [target[0][0] == prediction[0][0] for target, prediction in answers if target and prediction]
    return all(judged) if judged else None


def _short(path: str | None) -> str:
    """Returns a layer's own name, without the model's that it is in."""
    return (path or "the first layer").rpartition("/")[2]


def _strict(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_strict(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
