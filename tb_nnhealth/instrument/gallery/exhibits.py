"""One tensor of a few examples, made ready to be looked at: pictures, numbers, words of ids, text, or classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.instrument.gallery import pictures
from tb_nnhealth.instrument.gallery.words import Words, word
from tb_nnhealth.numbers import whole

MOST_CLASSES = 3
"""Classes of an example that are told, the most probable ones."""

MOST_LABELS = 8
"""The same where an example may be of several."""

LONGEST_NAME = 200

TEXTS = "OSU"
"""The kinds of NumPy's types that hold texts."""

Array = NDArray[Any]
Content = dict[str, Any]


@dataclass(frozen=True)
class Room:
    """How much is shown: `side` pixels of a picture, `items` numbers or words of an example, `letters` of a text."""

    examples: int
    side: int
    items: int
    letters: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the examples, `[n, …]`: of the batch, or what the layer `layer` gets.

    `stage` is "input", "first" (the input of the first layer that learns), "target" or "prediction". Integers are ids
    of `words`, where there are any; `classes` is of how many, where that is known.
    """

    stage: str
    name: str
    values: Array
    layer: str | None = None
    words: Words | None = None
    classes: int | None = None

    @cached_property
    def moments(self) -> Content:
        """The range of all values."""
        numbers = self.values.astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        some = finite if finite.size else np.array([np.nan])
        return {
            "low": float(some.min()),
            "high": float(some.max()),
            "mean": float(some.mean()),
            "std": float(some.std()),
            "nonfinite": int(numbers.size - finite.size),
        }


def exhibit(tensor: Tensor, room: Room, left_out: list[str]) -> Content:
    """Returns a tensor as it is shown; adds a sentence to `left_out` for what of it is not."""
    values = tensor.values[: room.examples]
    if values.dtype.kind in TEXTS:
        return _facts(tensor, "text") | {"values": [_line(value, room.letters) for value in values]}
    if values.dtype.kind not in "biuf":
        left_out.append(f"{tensor.name} is not shown: it holds {values.dtype} values.")
        return _facts(tensor, "numbers") | {"columns": [], "values": [[] for _ in values]}
    if values.ndim == 5 and pictures.as_pictures(values[:, 0]) is not None:
        left_out.append(f"Of {tensor.name} the first of {whole(values.shape[1])} pictures is shown.")
        values = values[:, 0]
    drawable = pictures.as_pictures(values)
    facts = _facts(tensor, "numbers") | tensor.moments
    if drawable is not None:
        return facts | _picture(tensor, values, drawable, room, left_out)
    if tensor.words is not None and values.dtype.kind in "iu":
        return facts | _tokens(tensor, values, room, left_out)
    return facts | _numbers(tensor.name, values, room, left_out)


def classes(
    tensor: Tensor, shares: Array, room: Room, unit: str = "fraction", least: float = -np.inf, several: bool = False
) -> Content:
    """Returns targets or predictions of classes: of each example the foremost ones, `[id, share, name]` each.

    Args:
      tensor: what they were made of.
      shares: `[n, classes]`, probabilities or targets.
      room: how much is shown.
      unit: "fraction", or "" where the shares are none.
      least: classes with no more than that are not told.
      several: whether an example may be of several classes.
    """
    told = []
    most = MOST_LABELS if several else MOST_CLASSES
    for row in shares[: room.examples].astype(np.float64):
        foremost = [int(at) for at in np.argsort(-row, kind="stable")[:most] if row[at] > least]
        told.append([[at, float(row[at]), word(tensor.words, at)] for at in foremost])
    return _facts(tensor, "classes") | {"unit": unit, "several": several, "values": told}


def _facts(tensor: Tensor, kind: str) -> Content:
    return {
        "stage": tensor.stage,
        "name": tensor.name[:LONGEST_NAME],
        "kind": kind,
        "shape": list(tensor.values.shape[1:]),
        "dtype": "string" if tensor.values.dtype.kind in TEXTS else str(tensor.values.dtype),
        "layer": tensor.layer,
    }


def _picture(tensor: Tensor, values: Array, drawable: Array, room: Room, left_out: list[str]) -> Content:
    height, width = drawable.shape[1:3]
    shown = pictures.size_drawn(height, width, room.side)
    if shown != (height, width):
        left_out.append(f"{tensor.name} is drawn at {shown[0]} × {shown[1]} pixels of {height} × {width}.")
    moments = tensor.moments
    low, high = (moments["low"], moments["high"]) if tensor.classes is None else (0.0, tensor.classes - 1.0)
    return {
        "kind": "picture",
        "size": list(shown),
        "drawn": [low, high],
        "channels": pictures.order(values),
        "values": pictures.drawn(drawable, low, high, room.side),
    }


def _tokens(tensor: Tensor, values: Array, room: Room, left_out: list[str]) -> Content:
    ids = values.reshape(len(values), -1)
    _tell_cut(tensor.name, "ids", ids.shape[1], room.items, left_out)
    told = [[[int(one), word(tensor.words, int(one))] for one in row[: room.items]] for row in ids]
    return {"kind": "tokens", "values": told}


def _numbers(name: str, values: Array, room: Room, left_out: list[str]) -> Content:
    flat = values.reshape(len(values), -1)
    _tell_cut(name, "numbers", flat.shape[1], room.items, left_out)
    places = [list(place) for place in np.ndindex(*values.shape[1:])] if values[0].size <= room.items else []
    indices = places or [[at] for at in range(min(flat.shape[1], room.items))]
    columns = [", ".join(map(str, place)) for place in indices] if flat.shape[1] > 1 else [""]
    return {"columns": columns, "values": flat[:, : room.items].astype(np.float64).tolist()}


def _tell_cut(name: str, what: str, count: int, most: int, left_out: list[str]) -> None:
    if count > most:
        left_out.append(f"Of {name} the first {whole(most)} of {whole(count)} {what} of an example are shown.")


def _line(value: Any, letters: int) -> str:
    parts: Sequence[Any] = value.reshape(-1).tolist() if isinstance(value, np.ndarray) else [value]
    texts = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts[:letters]]
    text = " · ".join(texts)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
