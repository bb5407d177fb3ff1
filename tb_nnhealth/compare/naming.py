"""The layers and weights of a Keras model by names below the model: "encoder/dense", "encoder/dense/kernel"."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from tb_nnhealth.instrument.layers import OPAQUE


@dataclass(frozen=True)
class Named:
    """A layer, and the weights that are its own, by name. `name` is empty for the model itself."""

    layer: Any
    name: str
    weights: dict[str, Any]


def named_layers(model: Any) -> list[Named]:
    """Returns a model and all of its layers, each once, with names that tell them apart."""
    taken: Counter[str] = Counter()
    known: set[int] = set()
    found: list[Named] = []
    for layer, nested in _walk(model, ""):
        own = [variable for variable in _own(layer) if id(variable) not in known]
        known.update({id(layer), *map(id, own)})
        name = _unique(nested, taken)
        names: Counter[str] = Counter()
        below = f"{name}/" if name else ""
        found.append(Named(layer, name, {below + _unique(variable.name, names): variable for variable in own}))
    return found


def _walk(layer: Any, name: str, met: set[int] | None = None) -> Iterator[tuple[Any, str]]:
    met = set() if met is None else met
    if id(layer) in met or isinstance(layer, keras.layers.InputLayer):
        return
    met.add(id(layer))
    yield layer, name
    if not isinstance(layer, OPAQUE):
        for child in _children(layer):
            yield from _walk(child, f"{name}/{child.name}" if name else child.name, met)


def _children(layer: Any) -> list[Any]:
    return list(layer._flatten_layers(include_self=False, recursive=False))


def _own(layer: Any) -> list[Any]:
    of_children = set() if isinstance(layer, OPAQUE) else {id(v) for child in _children(layer) for v in child.weights}
    return [v for v in layer.weights if id(v) not in of_children and keras.backend.is_float_dtype(v.dtype)]


def _unique(name: str, taken: Counter[str]) -> str:
    taken[name] += 1
    return name if taken[name] == 1 else f"{name}_{taken[name]}"
