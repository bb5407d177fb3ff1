"""A run as a rule sees it that leaves layers out: nothing was measured of them, and no finding is theirs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from tb_nnhealth.records import HealthRun, ModelFacts, Table
from tb_nnhealth.rules import Finding


def without_layers(run: HealthRun, patterns: Sequence[str]) -> HealthRun:
    """Returns the run with the layers and variables that match a pattern marked, and what was measured of them replaced
    by NaN.

    The description of the model stays whole: what a layer is connected to is not told otherwise.
    """
    places = run.nonfinite.places if run.nonfinite else ()
    kept = tuple(place for place in places if not _is_ignored(run.model, place.path, patterns))
    return replace(
        run,
        model=_marked(run.model, patterns),
        variables=_masked(run.variables, run.model, patterns),
        activations=_masked(run.activations, run.model, patterns),
        histograms=run.histograms.changed(lambda table: _masked(table, run.model, patterns)),
        nonfinite=replace(run.nonfinite, places=kept) if run.nonfinite and kept else None,
    )


def of_other_layers(findings: Iterable[Finding], model: ModelFacts, patterns: Sequence[str]) -> Iterator[Finding]:
    """Yields the findings whose place matches no pattern, without the other places that do."""
    for finding in findings:
        places = [place for place in (finding.layer, finding.variable) if place is not None]
        if not any(_is_ignored(model, place, patterns) for place in places):
            others = tuple(place for place in finding.others if not _is_ignored(model, place, patterns))
            yield replace(finding, others=others)


def _marked(model: ModelFacts, patterns: Sequence[str]) -> ModelFacts:
    layers = (replace(layer, left_out=_is_ignored(model, layer.path, patterns)) for layer in model.layers)
    variables = (replace(v, left_out=_is_ignored(model, v.path, patterns)) for v in model.variables)
    return replace(model, layers=tuple(layers), variables=tuple(variables))


def _masked(table: Table, model: ModelFacts, patterns: Sequence[str]) -> Table:
    ignored = np.array([_is_ignored(model, row, patterns) for row in table.rows], bool)
    if not ignored.any():
        return table

    def mask(array: np.ndarray) -> np.ndarray:
        return np.where(ignored[None, :, None], np.float32("nan"), array)

    return replace(table, values=mask(table.values), low=mask(table.low), high=mask(table.high))


def _is_ignored(model: ModelFacts, place: str, patterns: Sequence[str]) -> bool:
    """Returns whether a pattern matches the place, or the layer that the row or variable belongs to."""
    layer, variable = model.layer_of_row(place), model.variable(place)
    paths = {place, layer.path if layer else place, variable.layer if variable else place}
    return any(fnmatchcase(path, pattern) for path in paths for pattern in patterns)
