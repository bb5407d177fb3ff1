"""What a manifest must hold, and the model's facts made from it."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from tb_nnhealth.reader._data import LogError, is_finite
from tb_nnhealth.records import BatchTensor, Layer, ModelFacts, Variable

Record = TypeVar("Record", Layer, Variable, BatchTensor)

_TYPES: dict[type[Any], dict[str, Any]] = {
    record: {field.name: field.type for field in dataclasses.fields(record)}
    for record in (Layer, Variable, BatchTensor)
}
"""Of each field of a record; a deep model has thousands of them."""

_FACTS: dict[str, type] = {
    "schema_version": int,
    "run": str,
    "tool_version": str,
    "model": dict,
    "tables": dict,
    "histograms": dict,
}

DAMAGED = "The log is damaged where it begins, and cannot be read: take its files from a copy, or train again."
"""What a manifest that nothing can be made of means for people."""


def manifest_fault(manifest: Any) -> str | None:
    """Returns a sentence on the first thing that the assembly relies on and the manifest lacks, or None."""
    if not isinstance(manifest, dict):
        return "Expected a manifest as a JSON object. Received: something else"
    for name, usable, received in _checks(manifest):
        if not usable:
            return f"Expected a manifest with a usable {name!r}. Received: {str(received)[:80]}"
    return None


def _checks(manifest: Mapping[str, Any]) -> Iterator[tuple[str, bool, Any]]:
    """Yields the name of each part, whether it can be used, and the part."""
    for name, expected in _FACTS.items():
        yield name, isinstance(manifest.get(name), expected), manifest.get(name)
    yield "created", is_finite(manifest.get("created")), manifest.get("created")
    for kind, parts in (("tables", ("rows", "columns")), ("histograms", ("rows",))):
        for name, layout in manifest[kind].items():
            yield f"{kind}/{name}", isinstance(layout, dict), layout
            for part in parts:
                yield f"{kind}/{name}/{part}", _are(str, layout.get(part)), layout.get(part)
            blocks = layout.get("blocks")
            yield f"{kind}/{name}/blocks", _tiles(blocks, len(layout["rows"])), blocks
            of_extremes = layout.get("extremes_blocks", blocks)
            yield f"{kind}/{name}/extremes_blocks", _tiles(of_extremes, len(layout["rows"])), of_extremes


def joined_facts(manifests: Sequence[Mapping[str, Any]]) -> ModelFacts:
    """Returns the model as the last session's manifest describes it.

    A variable's facts from before the first step, where the last session has none, are those of the
    earliest that has: a second `fit` does not start there.

    Args:
      manifests: those of the sessions that hold, in order.

    Raises:
      LogError: a part of the last description is missing or of another type.
    """
    facts = model_facts(manifests[-1])
    variables = {variable.path: variable for variable in facts.variables}
    for manifest in manifests[:-1]:
        with suppress(LogError):
            for earlier in model_facts(manifest).variables:
                later = variables.get(earlier.path)
                if later and not later.initial and later.shape == earlier.shape:
                    variables[later.path] = dataclasses.replace(later, initial=earlier.initial)
    return dataclasses.replace(facts, variables=tuple(variables.values()))


def model_facts(manifest: Mapping[str, Any]) -> ModelFacts:
    """Returns the model as the manifest describes it.

    Raises:
      LogError: a part of the description is missing or of another type.
    """
    model = manifest["model"]
    try:
        return ModelFacts(
            name=str(model["name"]),
            class_name=str(model["class_name"]),
            parameters=int(model["parameters"]),
            trainable_parameters=int(model["trainable_parameters"]),
            layers=tuple(_record(Layer, layer) for layer in model["layers"]),
            variables=tuple(_record(Variable, variable) for variable in model["variables"]),
            compile=_compilation(dict(manifest.get("compile") or {})),
            sampling=dict(manifest.get("sampling") or {}),
            batch=tuple(_record(BatchTensor, tensor) for tensor in model.get("batch") or ()),
            plan=dict(manifest.get("plan") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"Expected a manifest that describes the model. Received: one with a fault ({error})"
        raise LogError(f"{DAMAGED} {fault}") from error


def _compilation(told: dict[str, Any]) -> dict[str, Any]:
    """Returns how the model was compiled, of which any part may be missing or None.

    Raises:
      TypeError: a part is of another type.
    """
    optimizer, losses, metrics, of_outputs = (
        told.get(part) for part in ("optimizer", "losses", "metrics", "output_metrics")
    )
    usable = {
        "optimizer": isinstance(optimizer, dict),
        "losses": _are(dict, losses),
        "metrics": _are(str, metrics),
        "output_metrics": isinstance(of_outputs, dict) and all(_are(str, names) for names in of_outputs.values()),
    }
    for part, is_usable in usable.items():
        if not is_usable and told.get(part) is not None:
            raise TypeError(f"compile/{part}={str(told[part])[:80]}")
    return told


def settings_of(manifest: Mapping[str, Any], source: str) -> dict[str, dict[str, Any]]:
    """Returns what was set of the rules: by the training's "project" or by the callback's "limits"."""
    rules = manifest.get("rules")
    settings = rules.get(source) if isinstance(rules, dict) else None
    if not isinstance(settings, dict):
        return {}
    return {name: own for name, own in settings.items() if isinstance(own, dict)}


def _record(record: type[Record], fields: Mapping[str, Any]) -> Record:
    """Returns the record, with lists as tuples; fields that this version does not know are left out.

    Raises:
      TypeError: a field is missing or of another type.
    """
    known = _TYPES[record]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items() if name in known
    }
    for name, value in values.items():
        if type(value) is not known[name] and not _fits(value, known[name]):
            raise TypeError(f"{record.__name__}.{name}={str(value)[:80]}")
    return record(**values)


def _fits(value: Any, annotation: Any) -> bool:
    """Returns whether a value is of a record's type: a class, a mapping, a tuple of one type, or one of several."""
    origin, arguments = _parts(annotation)
    if origin is UnionType:
        return any(_fits(value, argument) for argument in arguments)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, arguments[0]) for item in value)
    return isinstance(value, (int, float) if annotation is float else origin or annotation)


@cache
def _parts(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Returns what a type is and what of; a deep model's layers and variables ask for it thousands of times."""
    return get_origin(annotation), get_args(annotation)


def _are(kind: type, values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, kind) for value in values)


def _tiles(blocks: Any, rows: int) -> bool:
    """Returns whether the blocks are [start, stop) ranges that follow one another from the first row to the last."""
    edge = 0
    for block in blocks if isinstance(blocks, list) else [None]:
        if not (isinstance(block, list) and len(block) == 2 and block[0] == edge and isinstance(block[1], int)):
            return False
        edge = block[1]
    return edge == rows
