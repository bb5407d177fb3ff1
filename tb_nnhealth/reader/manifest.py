"""What a manifest must hold, and the model's facts made from it."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from tb_nnhealth.reader._data import LogError
from tb_nnhealth.records import Layer, ModelFacts, Variable

Record = TypeVar("Record", Layer, Variable)

_FACTS: dict[str, tuple[type, ...]] = {"run": (str,), "tool_version": (str,), "created": (int, float), "model": (dict,)}


def check_manifest(manifest: Mapping[str, Any]) -> None:
    """Raises LogError unless the manifest has what the assembly relies on."""
    for name, types in _FACTS.items():
        _expect(isinstance(manifest.get(name), types), name, manifest.get(name))
    for kind in ("tables", "histograms"):
        _expect(isinstance(manifest.get(kind), dict), kind, manifest.get(kind))
        for name, layout in manifest[kind].items():
            _expect(isinstance(layout, dict), f"{kind}/{name}", layout)
            for part in ("rows", "columns") if kind == "tables" else ("rows",):
                names = layout.get(part)
                fits = isinstance(names, list) and all(isinstance(each, str) for each in names)
                _expect(fits, f"{kind}/{name}/{part}", names)
            fits = _tiles(layout.get("blocks"), len(layout["rows"]))
            _expect(fits, f"{kind}/{name}/blocks", layout.get("blocks"))


def model_facts(manifest: Mapping[str, Any]) -> ModelFacts:
    """Returns the model as the manifest describes it."""
    model = manifest["model"]
    try:
        return ModelFacts(
            name=str(model["name"]),
            class_name=str(model["class_name"]),
            parameters=int(model["parameters"]),
            trainable_parameters=int(model["trainable_parameters"]),
            layers=tuple(_record(Layer, layer) for layer in model["layers"]),
            variables=tuple(_record(Variable, variable) for variable in model["variables"]),
            compile=dict(manifest.get("compile") or {}),
            sampling=dict(manifest.get("sampling") or {}),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise LogError(f"Expected a manifest that describes the model. Received: one with a fault ({error})") from error


def _record(record: type[Record], fields: Mapping[str, Any]) -> Record:
    """Returns the record, with lists as tuples; fields that this version does not know are left out."""
    known = {field.name for field in dataclasses.fields(record)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items() if name in known
    }
    return record(**values)


def _tiles(blocks: Any, rows: int) -> bool:
    """Returns whether the blocks are [start, stop) ranges that follow one another from the first row to the last."""
    edge = 0
    for block in blocks if isinstance(blocks, list) else [None]:
        if not (isinstance(block, list) and len(block) == 2 and block[0] == edge and isinstance(block[1], int)):
            return False
        edge = block[1]
    return edge == rows


def _expect(fits: bool, name: str, received: Any) -> None:
    if not fits:
        raise LogError(f"Expected a manifest with a usable {name!r}. Received: {name}={str(received)[:80]}")
