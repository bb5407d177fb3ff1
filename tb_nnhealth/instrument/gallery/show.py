"""The gallery of a few examples: inputs, targets and predictions, as JSON that is bounded in bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.batch import input_names, output_names
from tb_nnhealth.instrument.compiled import losses
from tb_nnhealth.instrument.gallery import words
from tb_nnhealth.instrument.gallery.answers import answers
from tb_nnhealth.instrument.gallery.exhibits import Content, Room, Tensor, exhibit
from tb_nnhealth.instrument.gallery.pictures import as_pictures
from tb_nnhealth.instrument.gallery.seen import First, Look, NotSeen, Seen, array_of
from tb_nnhealth.instrument.gallery.words import Vocabularies
from tb_nnhealth.numbers import whole
from tb_nnhealth.pairing import paired
from tb_nnhealth.summary.writer import to_json

MOST_BYTES = 256 * 1024
"""Bytes of a gallery's JSON."""

MOST_EXAMPLES = 64

ROUNDED = 2.0**-8
"""By what share a number is changed, at most, that is rounded to bfloat16."""

MOST_TENSORS = 100
"""Inputs, or outputs, of which a gallery shows something."""

ROOMS = ((1, 128, 48, 1000), (1, 64, 48, 500), (1, 32, 24, 250), (2, 32, 24, 250), (4, 32, 12, 100), (64, 16, 8, 50))
"""What is tried in turn until it fits: by what the number of examples is divided, then what else a `Room` has."""


def gallery(
    model: Any,
    x: Any,
    y: Any = None,
    examples: int = 8,
    vocabulary: Any = None,
    epoch: int | None = None,
) -> Content:
    """Returns what the first layers of a model really get of some examples, with targets and predictions.

    Nothing is changed by it: predictions are those of inference mode, computed without touching the model's state.

    Args:
      model: the model, built; compiled or not.
      x: inputs, an array `[n, …]` or a structure of them as the model takes it.
      y: targets in the same form, None where there are none.
      examples: how many of the first examples are shown, at most MOST_EXAMPLES.
      vocabulary: what ids stand for (`words.vocabularies`), None for that of a lookup layer in the model, if any.
      epoch: the epoch that has ended, None before the training.

    Returns:
      JSON-able data of MOST_BYTES at most: {"epoch", "examples": how many, "exhibits": [what each tensor shows],
      "left_out": [sentence, …]}. An exhibit is {"stage", "name", "kind", "shape", "dtype", "layer", "values", …}.

    Raises:
      ValueError: `vocabulary` is none, or there is no example.
    """
    x, y = (tf.nest.map_structure(lambda leaf: _first(leaf, examples), part) for part in (x, y))
    try:
        seen, reason = Look(model, x)(x), None
    except Exception as error:  # Whatever the model does with them, the examples themselves can be shown.
        seen, reason = None, why(error)
    return shown(model, x, y, seen, reason, words.vocabularies(vocabulary), epoch)


def shown(
    model: Any, x: Any, y: Any, seen: Seen | None, reason: str | None, vocabularies: Vocabularies, epoch: int | None
) -> Content:
    """Returns the gallery of examples that the model was shown already.

    Args:
      model: the model.
      x: inputs, structure of arrays.
      y: targets, or None.
      seen: what the model makes of them, None where it could not be asked.
      reason: why it could not.
      vocabularies: what ids stand for.
      epoch: the epoch that has ended, None before the training.
    """
    count = min(MOST_EXAMPLES, next((len(leaf) for leaf in tf.nest.flatten(x) if np.ndim(leaf)), 0))
    if not count:
        raise ValueError("a gallery should be of one example or more. Received: none")
    told = [] if reason is None else [f"There are no predictions: {reason}."]
    for divisor, *room in ROOMS:
        left_out = list(told)
        few = Room(max(1, count // divisor), *room)
        exhibits = _exhibits(model, x, y, seen, vocabularies, few, left_out)
        if few.examples < count:
            left_out.append(f"{few.examples} of {count} examples fit into {whole(MOST_BYTES / 1024)} KiB.")
        sentences = list(dict.fromkeys(left_out))
        content = {"epoch": epoch, "examples": few.examples, "exhibits": exhibits, "left_out": sentences}
        if len(to_json(content)) <= MOST_BYTES:
            return content
    left_out = [*told, f"No example fits into {whole(MOST_BYTES / 1024)} KiB."]
    return {"epoch": epoch, "examples": 0, "exhibits": [], "left_out": left_out}


def why(error: Exception) -> str:
    """Returns in a few words why the model could not be asked."""
    text = " ".join(str(error).split())[:300].rstrip(".")
    return text if isinstance(error, NotSeen) else f"{type(error).__name__}: {text}"


def unknown_names(model: Any, x: Any, y: Any, vocabularies: Vocabularies) -> list[str]:
    """Returns the names of vocabularies that no input and no output has; none where the outputs have no names."""
    outputs = output_names(model)
    if outputs is None:
        return []
    known = {*outputs, *(name for name, _ in (*_named(x, input_names(model)), *_named(y, outputs)))}
    return [name for name in vocabularies if name and name not in known]


def _exhibits(
    model: Any, x: Any, y: Any, seen: Seen | None, vocabularies: Vocabularies, room: Room, left_out: list[str]
) -> list[Content]:
    named = _named(x, input_names(model))
    own = words.of_layers(model)
    common = vocabularies.get("")
    inputs = [Tensor("input", name, leaf, words=vocabularies.get(name, common)) for name, leaf in named]
    leaves = tf.nest.flatten(x)
    at_place = [next(tensor for tensor in inputs if tensor.values is leaf) for leaf in leaves]
    firsts = [] if seen is None else [_of_layer(first, at_place, inputs, common or own) for first in seen.firsts]
    differing = [first for first in firsts if not any(_shows_as_much(tensor.values, first.values) for tensor in inputs)]
    changed = {first.layer for first in differing}
    getting = {
        id(leaves[place]): first.layer
        for first in (() if seen is None else seen.firsts)
        for place in first.inputs
        if first.layer not in changed
    }
    taken = [
        replace(tensor, layer=getting.get(id(tensor.values)))
        for tensor in inputs
        if not any(_same(first.values, tensor.values) for first in differing)
    ]
    asked = [exhibit(tensor, room, left_out) for tensor in _few([*taken, *differing], "inputs", left_out)]
    return [*asked, *_answers(model, y, seen, vocabularies, room, left_out)]


def _answers(
    model: Any, y: Any, seen: Seen | None, vocabularies: Vocabularies, room: Room, left_out: list[str]
) -> list[Content]:
    names = output_names(model)
    targets, predictions = dict(_named(y, names)), dict(_named(None if seen is None else seen.predictions, names))
    pairs = paired(list(targets), list(predictions))
    described: Mapping[str, Any] = {loss["output"]: loss for loss in losses(model)}
    in_order = list(described.values())
    alone = [name for name in predictions if name not in pairs.values()]
    told: list[Content] = []
    for place, target in enumerate(_few([*targets, *([None] * len(alone))], "outputs", left_out)):
        name = alone[place - len(targets)] if target is None else pairs.get(target)
        vocabulary = vocabularies.get(str(target), vocabularies.get(str(name)))
        loss = described.get(str(name)) or described.get(str(target)) or (in_order[0] if len(in_order) == 1 else {})
        told += answers(
            None if target is None else Tensor("target", target, targets[target], words=vocabulary),
            None if name is None else Tensor("prediction", name, predictions[name], words=vocabulary),
            loss,
            room,
            left_out,
        )
    return told


def _of_layer(
    first: First, at_place: Sequence[Tensor], inputs: Sequence[Tensor], vocabulary: words.Words | None
) -> Tensor:
    """Returns what a layer gets, named after the inputs that it is made of."""
    made_of = {id(at_place[place]): at_place[place] for place in first.inputs}
    name = ", ".join(tensor.name for tensor in inputs if id(tensor) in made_of)
    own = next((tensor.words for tensor in made_of.values() if tensor.words is not None), vocabulary)
    return Tensor("first", name, first.tensor, first.layer, own)


def _shows_as_much(given: Any, first: Any) -> bool:
    """Returns whether an input shows what a layer gets: the same numbers, as a picture where the layer gets one."""
    return _same(first, given) and (as_pictures(first) is None or as_pictures(given) is not None)


def _same(one: Any, other: Any) -> bool:
    """Returns whether a layer gets the numbers of the batch as they are, whatever their type, precision and shape."""
    are_numbers = one.dtype.kind in "biuf" and other.dtype.kind in "biuf"
    if not are_numbers or len(one) != len(other) or one.size != other.size:
        return False
    flat, as_given = (part.reshape(-1).astype(np.float32) for part in (one, other))
    return bool(np.allclose(flat, as_given, rtol=ROUNDED, atol=0.0, equal_nan=True))


def _few(tensors: list[Any], what: str, left_out: list[str]) -> list[Any]:
    if len(tensors) > MOST_TENSORS:
        left_out.append(f"{MOST_TENSORS} of {whole(len(tensors))} {what} are shown.")
    return tensors[:MOST_TENSORS]


def _named(structure: Any, names: Sequence[str] | None) -> list[tuple[str, Any]]:
    """Returns the arrays of a structure by name: their keys, the given names, or numbers."""
    if isinstance(structure, Mapping) and all(isinstance(value, np.ndarray) for value in structure.values()):
        return [(str(key), value) for key, value in structure.items()]
    leaves = [leaf for leaf in keras.tree.flatten(structure) if leaf is not None]
    labels = list(names) if names and len(names) == len(leaves) else [str(place) for place in range(len(leaves))]
    return list(zip(labels, leaves, strict=True))


def _first(leaf: Any, examples: int) -> Any:
    """Returns the first examples of a tensor or array, as an array."""
    return leaf if leaf is None else array_of(leaf)[: min(examples, MOST_EXAMPLES)]
