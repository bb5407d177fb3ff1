"""Which of the model's outputs each layer leads to: what leads to another one stands beside it, not behind it."""

from collections.abc import Iterable, Sequence

from tb_nnhealth.records import HealthRun, Layer, ModelFacts

Branch = tuple[int, ...]
"""The outputs, by their place in the forward order."""


def branches(model: ModelFacts) -> dict[str, Branch]:
    """Returns of each layer the outputs that it leads to; of one that is not known to lead to any, all of them."""
    heads = [layer for layer in model.layers if layer.is_output]
    found: dict[str, list[int]] = {layer.path: [] for layer in model.layers}
    if len(heads) < 2:
        return dict.fromkeys(found, (0,))
    sources = {row: layer.path for layer in model.layers for row in (layer.path, *layer.rows)}
    for index, head in enumerate(heads):
        for path in _behind(model, head, sources):
            found[path].append(index)
    every = tuple(range(len(heads)))
    return {path: tuple(own) or every for path, own in found.items()}


def branches_of(run: HealthRun, rows: Iterable[str]) -> list[Branch]:
    """Returns the outputs that the layer of each row leads to."""
    known = branches(run.model)
    own = {variable.path: variable.layer for variable in run.model.variables}
    own |= {row: layer.path for layer in run.model.layers for row in layer.rows}
    every = max(known.values(), key=len, default=(0,))
    return [known.get(own.get(row, ""), every) for row in rows]


def in_depth(branch: Branch) -> tuple[int, Branch]:
    """Sorts by depth: what several outputs come of stands before what is of one alone, and each one's own together."""
    return -len(branch), branch


def ends(own: Sequence[Branch]) -> list[tuple[int, int]]:
    """Returns the first and the last of what leads to each output, given in the order of depth; no pair twice."""
    heads = sorted({head for branch in own for head in branch})
    places = [[index for index, branch in enumerate(own) if head in branch] for head in heads]
    return list(dict.fromkeys((found[0], found[-1]) for found in places))


def _behind(model: ModelFacts, head: Layer, sources: dict[str, str]) -> set[str]:
    """Returns the paths of a layer and of those that it comes of: of all before it that are no output where something
    that is no layer stands between."""
    layers = {layer.path: layer for layer in model.layers}
    seen, waiting, reach = set(), [head.path], 0
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        layer = layers[path]
        if layer.inputs:
            waiting += [sources[row] for row in layer.inputs if row in sources]
        elif layer.position > reach:
            waiting += [
                other.path for other in model.layers if reach <= other.position < layer.position and not other.is_output
            ]
            reach = layer.position
    return seen
