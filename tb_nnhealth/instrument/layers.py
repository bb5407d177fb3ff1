"""The layers of a model that are measured, with unique paths: leaves, and layers that work as one."""

import fnmatch
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

OPAQUE = (keras.layers.RNN, keras.layers.TimeDistributed)
"""Layers measured as one, since what they hold runs in a loop of its own."""

NORMALIZERS = ("Normalization", "Rescaling", "BatchNorm", "LayerNorm", "GroupNorm", "RMSNorm")


@dataclass(frozen=True)
class Site:
    """A layer and the variables that are its own. `is_leaf`: its output is measured.

    `aliases` are further paths that a pattern may match: Keras gives a layer its path when it is built,
    a user writes the pattern before. `variable_paths` are the variables' own, unique in the model.
    """

    layer: Any
    path: str
    variables: tuple[Any, ...]
    is_leaf: bool
    aliases: tuple[str, ...] = ()
    variable_paths: tuple[str, ...] = ()


def sites(model: Any) -> list[Site]:
    """Returns the layers of a model that are leaves or own variables, in the order they are held, each once.

    Paths are Keras' own (`layer.path`) where they are unique, else the names from the model down. So are those of
    variables, else their names below their layer's path.
    """
    found: dict[int, tuple[Site, str]] = {}
    for site, nested in _walk(model, "", is_root=True):
        found.setdefault(id(site.layer), (site, nested))
    counts = Counter(site.path for site, _ in found.values())
    taken: Counter[str] = Counter()
    unique = []
    for site, nested in found.values():
        path = site.path if counts[site.path] == 1 else nested
        taken[path] += 1
        path = path if taken[path] == 1 else f"{path}_{taken[path]}"
        unique.append(replace(site, path=path, aliases=(nested, f"{model.name}/{nested}")))
    return _with_variable_paths(unique)


def call_of(layer: Any) -> str:
    """Returns the name of the method that Keras calls a layer by."""
    return "quantized_call" if getattr(layer, "quantization_mode", None) else "call"


def variable_paths(found: Sequence[Site]) -> dict[int, str]:
    """Returns the variables' paths by `id`; a variable of several layers has that of the first."""
    pairs = [pair for site in found for pair in zip(site.variables, site.variable_paths, strict=True)]
    return {id(variable): path for variable, path in reversed(pairs)}


def _with_variable_paths(found: Sequence[Site]) -> list[Site]:
    counts = Counter({id(v): v.path for site in found for v in site.variables}.values())
    named = []
    for site in found:
        own = [v.path if counts[v.path] == 1 else f"{site.path}/{v.name}" for v in site.variables]
        paths = [path if own.count(path) == 1 else f"{path}_{i}" for i, path in enumerate(own)]
        named.append(replace(site, variable_paths=tuple(paths)))
    return named


def check_patterns(all_sites: Sequence[Site], include: Sequence[str] | None, exclude: Sequence[str] | None) -> None:
    """Raises where a pattern matches no layer.

    Raises:
      ValueError: says which pattern, and which layers there are.
    """
    for name, patterns in (("include", include), ("exclude", exclude)):
        for pattern in patterns or ():
            if not any(_matches(site, pattern) for site in all_sites):
                known = ", ".join(site.path for site in all_sites[:12]) + (", …" if len(all_sites) > 12 else "")
                raise ValueError(
                    f"`{name}` should hold path patterns that match a layer of the model ({known}). "
                    f"Received: {name}={pattern!r}, which matches none."
                )


def select(all_sites: Sequence[Site], include: Sequence[str] | None, exclude: Sequence[str] | None) -> list[Site]:
    """Returns the sites whose path matches a pattern of `include` (all, where it is None) and none of `exclude`."""
    return [
        site
        for site in all_sites
        if (include is None or any(_matches(site, p) for p in include))
        and not any(_matches(site, p) for p in exclude or ())
    ]


def activation_name(layer: Any) -> str | None:
    """Returns the name of a layer's own activation function; None where it has none or a linear one."""
    if isinstance(layer, keras.layers.ReLU):
        if layer.negative_slope:
            return "leaky_relu"
        return "relu6" if layer.max_value == 6 else "relu"
    for kind in (keras.layers.Softmax, keras.layers.LeakyReLU, keras.layers.PReLU, keras.layers.ELU):
        if isinstance(layer, kind):
            return {"Softmax": "softmax", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu"}[kind.__name__]
    function = getattr(layer, "activation", None)
    if isinstance(function, keras.Layer):
        return activation_name(function)
    name = getattr(function, "__name__", None)
    return None if name in (None, "linear") else str(name)


def unit_axis(layer: Any) -> int:
    """Returns the axis of a layer's output on which its units lie."""
    return 1 if getattr(layer, "data_format", None) == "channels_first" else -1


def normalizes(layer: Any) -> bool:
    return any(word in type(layer).__name__ for word in NORMALIZERS)


def _walk(layer: Any, prefix: str, is_root: bool = False) -> Iterator[tuple[Site, str]]:
    nested = f"{prefix}/{layer.name}" if prefix else layer.name
    path = layer.path or layer.name
    children = list(layer._flatten_layers(include_self=False, recursive=False))
    if isinstance(layer, keras.layers.InputLayer):
        return
    if not is_root and (not children or isinstance(layer, OPAQUE)):
        yield Site(layer, path, tuple(layer.weights), is_leaf=True), nested
        return
    of_children = {id(v) for child in children for v in child.weights}
    own = tuple(v for v in layer.weights if id(v) not in of_children)
    if own:
        yield Site(layer, path, own, is_leaf=False), nested
    for child in children:
        yield from _walk(child, "" if is_root else nested)


def _matches(site: Site, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for path in (site.path, *site.aliases))
