"""A hidden layer is far narrower, or far wider, than the task suggests.

## What it detects
Classifiers with a hidden layer of much fewer units than there are classes, or of one unit; and hidden layers that are
very many times as wide as all that goes in and comes out.

## Why it matters
All that the output can know passes through the narrowest layer: one unit orders the examples along a line, and ten
classes do not fit on it. A layer that is far too wide costs time and memory, and learns the examples by heart.

## How it is decided
From the model's definition, its dense and its recurrent layers. A narrow hidden layer that leads to a classification
is a warning where nothing is learnt, or where most of what a constant answer leaves is left to be learnt and its
units are too few to number the classes in binary digits; else information. So is a wide one. A layer that part of the
model goes around, such as one that weighs positions, narrows nothing down. The inside of models that predict rows of
numbers, such as autoencoders, is narrow on purpose and not judged; nor is that of a binary loss of as many numbers as
an input has.

## When it is wrong
Two units are enough for classes that lie around a point. Very wide layers do train.

## What to try
* Use more units than there are classes: 32 to 256 in the layers before the output.
* Let the width fall from layer to layer, from inputs to outputs.
* Make a wide layer narrower, and add a second one instead.

## References
* My neural network isn't working! What should I do?, reason 11 (the wrong number of hidden units).
* 37 reasons why your neural network is not working, 4.9 (increase network size).
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import BatchTensor, HealthRun, Layer
from tb_nnhealth.rules._data_loss import share_left
from tb_nnhealth.rules._heads import BINARY, CATEGORICAL, Head, heads
from tb_nnhealth.rules._layers import RECURRENT, check_traced, hidden, is_bypassed, kernel, recurrent
from tb_nnhealth.rules._learning import HALF, severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

RULE = Rule(
    name="layer-width",
    category="definition",
    title="A hidden layer is far too narrow or too wide",
    passing_title="Hidden layers are about as wide as the task suggests",
    thresholds=(
        Threshold("narrow", 0.25, "units a class", "four classes for each number that tells them apart"),
        Threshold("wide", 100.0, "ratio", "two orders of magnitude above inputs and outputs together"),
        Threshold("units", 1024.0, "units", "a layer below it costs little, however few inputs there are"),
    ),
)


JUDGED = ("Dense", *RECURRENT)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    check_traced(run)
    every = [layer for layer in (*hidden(run), *recurrent(run)) if layer.class_name in JUDGED and layer.units]
    layers = [layer for layer in every if not layer.left_out]
    judged = [head for head in heads(run) if head.loss in (*CATEGORICAL, *BINARY) and head.units]
    judged = [head for head in judged if not _rebuilds_an_input(run, head)]
    if not layers or not judged:
        raise NotJudged("no classification with hidden dense or recurrent layers was seen")
    classes = max(2, *(head.units or 0 for head in judged))
    narrowest = min((x for x in layers if not is_bypassed(run, x)), key=_units, default=None)
    least = max(2.0, limits["narrow"] * classes)
    if narrowest is not None and _units(narrowest) < least:
        blocks = _units(narrowest) < math.log2(classes) and share_left(run) > HALF
        severity: Severity = "warning" if blocks else severity_of_symptom(run)
        units = f"{whole(_units(narrowest))} {'unit' if narrowest.units == 1 else 'units'}"
        yield _finding(
            severity, narrowest, f"{narrowest.path} has {units}, for {whole(classes)} classes behind it.", least
        )
    inputs = _inputs(run, every[0])
    most = max(limits["units"], limits["wide"] * (inputs + classes)) if inputs else float("inf")
    widest = max(layers, key=_units)
    if _units(widest) > most:
        told = (
            f"{widest.path} has {whole(_units(widest))} units, for {whole(inputs)} inputs and {whole(classes)} classes."
        )
        yield _finding("info", widest, told, most)


def _units(layer: Layer) -> int:
    return layer.units or 0


def _rebuilds_an_input(run: HealthRun, head: Head) -> bool:
    """Returns whether a binary loss is of as many numbers as an input has: an autoencoder's, of pixels in 0 to 1."""
    sizes = {_size(tensor) for tensor in run.model.tensors("input")} - {None, 1}
    return head.loss in BINARY and _size(head.prediction) in sizes


def _size(tensor: BatchTensor) -> int | None:
    known = [size for size in tensor.shape[1:] if size is not None]
    return math.prod(known) if len(known) == len(tensor.shape) - 1 else None


def _inputs(run: HealthRun, layer: Layer) -> int:
    weights = kernel(run, layer)
    return weights.shape[-2] if weights else 0


def _finding(severity: Severity, layer: Layer, message: str, limit: float) -> Finding:
    return Finding(
        RULE.name, severity, message, layer=layer.path, observed=float(_units(layer)), limit=limit, unit="units"
    )
