"""What the page needs to know of a run beside its scorecard: the model, what was measured, what it cost."""

import math
from typing import Any

import numpy as np

from tb_nnhealth.faces.branches import Branch, branches
from tb_nnhealth.nonfinite import samples as taken
from tb_nnhealth.records import HealthRun, Layer, Table, Variable
from tb_nnhealth.summary.metadata import TABLES
from tb_nnhealth.vocabulary import STATISTICS

SHORTEST_SILENCE, LONGEST_SILENCE = 20.0, 300.0
"""Seconds: TensorBoard takes some to load a sample, and of a run's first pause nothing is known."""

RECENT, GAPS, PAUSES = 64, 30.0, 3.0
"""So many of the last samples tell the pace: silence is many of their usual gaps, and several of their longest."""


def tables(run: HealthRun) -> dict[str, Table]:
    """Returns the run's tables by their names in the event file."""
    return dict(zip(TABLES, (run.variables, run.activations, run.data, run.step, run.classes), strict=True))


def facts(run: HealthRun) -> dict[str, Any]:
    """Returns strict JSON data: every number finite or None."""
    content: dict[str, Any] = _finite(
        {
            "name": run.name,
            "created": run.created,
            "tool_version": run.tool_version,
            "model": _model(run),
            "training": {
                "steps": run.steps,
                "samples": run.samples,
                "sampled_steps": run.sampled_steps,
                "thinned": run.thinned,
                "written": run.sampled_steps + run.missing_rows,
                "finished": run.finished,
                "untrained": run.untrained,
                "last_time": last_time(run),
                "silence": silence(run),
                "costs": dict(run.costs),
            },
            "tables": {name: _table(run, table) for name, table in tables(run).items() if table.rows},
            "histograms": {kind: list(rows) for kind, rows in run.histograms.rows.items()},
            "epochs": [{"epoch": epoch.epoch, "step": epoch.step, "logs": dict(epoch.logs)} for epoch in run.epochs],
            "galleries": run.galleries.are_there,
            "problems": list(run.problems),
        }
    )
    return content


def last_time(run: HealthRun) -> float | None:
    """Returns the wall time of the newest sample, in seconds."""
    return max((float(table.wall_times[-1]) for table in tables(run).values() if len(table.wall_times)), default=None)


def silence(run: HealthRun) -> float:
    """Returns after how many seconds without a sample a run that has not said it ended is no longer taken to train: by
    its own pace of late, to which validation and other pauses belong."""
    gaps = np.diff(run.step.wall_times[-RECENT:])
    if not len(gaps):
        return LONGEST_SILENCE
    own = max(GAPS * float(np.median(gaps)), PAUSES * float(gaps.max()))
    return min(max(own, SHORTEST_SILENCE), LONGEST_SILENCE)


def _model(run: HealthRun) -> dict[str, Any]:
    model = run.model
    known = branches(model)
    variables: dict[str, list[str]] = {}
    for variable in model.variables:
        variables.setdefault(variable.layer, []).append(variable.path)
    return {
        "name": model.name,
        "class": model.class_name,
        "parameters": model.parameters,
        "trainable_parameters": model.trainable_parameters,
        "layers": [_layer(layer, variables.get(layer.path, []), known[layer.path]) for layer in model.layers],
        "batch": [{"row": tensor.place, "shape": list(tensor.shape), "dtype": tensor.dtype} for tensor in model.batch],
        "compile": dict(model.compile),
        "sampling": dict(model.sampling),
    }


def _layer(layer: Layer, variables: list[str], branch: Branch) -> dict[str, Any]:
    return {
        "path": layer.path,
        "class": layer.class_name,
        "trainable": layer.trainable,
        "parameters": layer.parameters,
        "activation": layer.activation,
        "units": layer.units,
        "rows": list(layer.rows),
        "variables": variables,
        "leads_to": list(branch),
    }


def layer_facts(run: HealthRun, layer: Layer) -> dict[str, Any]:
    """Returns all that the run knows of one of its layers, as strict JSON data."""
    content: dict[str, Any] = _finite(
        {
            **_layer(layer, [], branches(run.model)[layer.path]),
            "position": layer.position,
            "layers": len(run.model.layers),
            "dtype": layer.dtype,
            "is_output": layer.is_output,
            "inputs": list(layer.inputs),
            "rate": layer.rate,
            "regularized": layer.regularized,
            "variables": [_variable(variable) for variable in run.model.variables_of(layer.path)],
        }
    )
    return content


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "path": variable.path,
        "role": variable.role,
        "shape": list(variable.shape),
        "dtype": variable.dtype,
        "trainable": variable.trainable,
        "initializer": variable.initializer,
        "fan_in": variable.fan_in,
        "fan_out": variable.fan_out,
        "initial": dict(variable.initial),
    }


def _table(run: HealthRun, table: Table) -> dict[str, Any]:
    return {
        "rows": list(table.rows),
        "columns": [_column(name, table.samples(name) > 0 or taken(run, table, name) > 0) for name in table.columns],
        "first_step": int(table.steps[0]) if len(table.steps) else None,
        "last_step": int(table.steps[-1]) if len(table.steps) else None,
        "steps": len(table.steps),
    }


def _column(name: str, measured: bool) -> dict[str, Any]:
    statistic = STATISTICS.get(name)
    return {
        "name": name,
        "unit": statistic.unit if statistic else "",
        "meaning": statistic.meaning if statistic else "",
        "measured": measured,
    }


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    return content
