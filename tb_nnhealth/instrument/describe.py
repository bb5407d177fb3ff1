"""Describes the model, and with how it was compiled and what is measured: the manifest of a session."""

import os
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from tb_nnhealth.instrument.compiled import describe_compile, planned_steps
from tb_nnhealth.instrument.layers import Site, activation_name, normalizes, variable_paths
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.settings import Settings
from tb_nnhealth.records import FloatArray
from tb_nnhealth.summary import metadata
from tb_nnhealth.version import __version__

MOST_UNITS = 4096
"""Units of a kernel that are compared with each other for being identical."""

MOST_FROZEN = 100_000
"""Weights of a frozen kernel that are looked at: they tell its standard deviation within half a per cent."""


NOT_OF_SAMPLING = ("log_dir", "scorecard_path", "on_error", "limits", "project", "vocabularies", "proves")


def manifest(
    model: Any,
    settings: Settings,
    found: Sequence[Site],
    layout: Layout | None,
    initial: Mapping[str, Mapping[str, Any]],
    plan: Mapping[str, int | None],
    first_step: int,
    created: float,
) -> dict[str, Any]:
    """Returns the manifest of a session, in the form of `tb_nnhealth.summary.metadata`.

    Args:
      model: the model.
      settings: the callback's.
      found: the model's layers.
      layout: what is measured, None where no step was sampled.
      initial: what the variables were like before the first step, by path.
      plan: what `fit` was asked for, {"epochs", "steps_per_epoch"}, None where unknown.
      first_step: the session's first step.
      created: wall time of its start in s.
    """
    return {
        "schema_version": metadata.SCHEMA_VERSION,
        "tool_version": __version__,
        "run": os.path.basename(os.path.abspath(settings.log_dir)),
        "session": uuid.uuid4().hex,
        "start_step": first_step,
        "created": created,
        "model": describe_model(model, found, layout, initial),
        "compile": describe_compile(model, planned_steps(plan)),
        "plan": dict(plan),
        "sampling": {key: value for key, value in asdict(settings).items() if key not in NOT_OF_SAMPLING},
        "tables": {} if layout is None else _tables(layout),
        "histograms": _histograms(layout) if layout is not None and layout.rows and settings.histograms else {},
        "rules": {"project": settings.project, "limits": settings.limits},
    }


def tell_the_same(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Returns whether two manifests differ in nothing but what changes from `fit` to `fit` of one training.

    When it began, what was asked for, the learning rate, and that variables no longer are what they were at first.
    """
    return _lasting(left) == _lasting(right)


def _lasting(manifest: Mapping[str, Any]) -> dict[str, Any]:
    model, compiled = manifest["model"], manifest["compile"]
    return {
        **{key: value for key, value in manifest.items() if key not in ("session", "start_step", "created", "plan")},
        "model": {**model, "variables": [{**variable, "initial": None} for variable in model["variables"]]},
        "compile": {
            **compiled,
            "optimizer": {**(compiled["optimizer"] or {}), "learning_rate": None, "scheduled": None},
        },
    }


def _tables(layout: Layout) -> dict[str, Any]:
    measured = [name for name in layout.rows if layout.rows[name] and layout.columns[name]]
    return {name: {"rows": layout.rows[name], "columns": layout.columns[name]} for name in measured}


def _histograms(layout: Layout) -> dict[str, Any]:
    of_variables = {kind: {"rows": layout.rows["variables"]} for kind in ("value", "gradient", "update")}
    return {**of_variables, "activation": {"rows": layout.rows["activations"]}}


def initial_facts(sites: Sequence[Site]) -> dict[str, dict[str, Any]]:
    """Returns what the variables are like before the first step, by path: of kernels and embeddings (rank ≥ 2).

    "std" and "norm" are taken in float64; "identical_units" is the share of units (last axis) whose
    weights equal another unit's, NaN where there is one unit only. Of frozen ones "frozen_std" and
    "frozen_absmax" are taken, those of their first weights where they have many.
    """
    facts: dict[str, dict[str, Any]] = {}
    for variable, path in _kernels(sites):
        if not variable.trainable:
            facts[path] = _frozen(variable)
            continue
        value = variable.value.numpy().astype(np.float64)
        facts[path] = {
            "std": float(value.std()),
            "norm": float(np.linalg.norm(value)),
            "constant": bool(value.size > 1 and np.ptp(value) == 0),
            "identical_units": _identical_units(value),
        }
    return facts


def initial_from_sample(
    sites: Sequence[Site], layout: Layout | None, tables: Mapping[str, FloatArray]
) -> dict[str, dict[str, Any]]:
    """Returns the same as `initial_facts` from a sample of the first step, for a model that is built in it.

    Which units are identical cannot be told from it, but where all are.
    """
    if layout is None or "variables" not in tables:
        return {}
    columns = layout.columns["variables"]
    rows = dict(zip(layout.rows["variables"], tables["variables"], strict=True))
    facts = {}
    for variable, path in _kernels(sites):
        if path not in rows:
            continue
        std = float(rows[path][columns.index("value_std")])
        facts[path] = {
            "std": std,
            "norm": float(rows[path][columns.index("value_norm")]),
            "constant": std == 0.0 and _size(variable) > 1,
            "identical_units": 1.0 if std == 0.0 and variable.shape[-1] > 1 else float("nan"),
        }
    return facts


def describe_model(
    model: Any, sites: Sequence[Site], layout: Layout | None, initial: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Returns the manifest's "model": facts of the model, its layers and variables in forward order."""
    layer_rows = layout.layer_rows if layout else {}
    called = {path: position for position, path in enumerate(layer_rows)}
    ordered = sorted(sites, key=lambda site: called.get(site.path, len(called)))
    variables = {id(v): (site, v) for site in ordered for v in site.variables}
    paths = variable_paths(sites)
    return {
        "name": model.name,
        "class_name": type(model).__name__,
        "parameters": sum(_size(v) for v in model.weights),
        "trainable_parameters": sum(_size(v) for v in model.trainable_weights),
        "layers": [_layer(site, position, layout) for position, site in enumerate(ordered)],
        "variables": [_variable(site, v, paths[id(v)], initial) for site, v in variables.values()],
        "batch": [asdict(tensor) for tensor in layout.tensors] if layout else [],
    }


def _layer(site: Site, position: int, layout: Layout | None) -> dict[str, Any]:
    rows = layout.layer_rows.get(site.path, ()) if layout else ()
    units = getattr(site.layer, "units", None) or getattr(site.layer, "filters", None)
    if layout and units is None and rows:
        units = layout.units.get(rows[0])
    return {
        "path": site.path,
        "class_name": type(site.layer).__name__,
        "trainable": bool(site.layer.trainable),
        "parameters": sum(_size(v) for v in site.variables),
        "position": position,
        "activation": activation_name(site.layer),
        "units": int(units) if isinstance(units, (int, np.integer)) else None,
        "dtype": str(getattr(site.layer, "compute_dtype", "float32")),
        "is_output": bool(layout and any(row in layout.output_rows for row in rows)),
        "normalizes": normalizes(site.layer),
        "rows": list(rows),
        "inputs": list(layout.inputs.get(site.path, ())) if layout else [],
        "rate": _rate(site.layer),
        "regularized": _is_regularized(site.layer),
    }


def _rate(layer: Any) -> float | None:
    rate = getattr(layer, "rate", None)
    return float(rate) if isinstance(rate, (int, float)) and "Dropout" in type(layer).__name__ else None


def _is_regularized(layer: Any) -> bool:
    """Returns whether a layer, the cell that holds a recurrent layer's weights, or one of these has a regularizer."""
    parts = [vars(part) for part in (layer, getattr(layer, "cell", None)) if part is not None]
    given = [part[name] for part in parts for name in part if name.endswith("_regularizer")]
    given += [variable.regularizer for part in parts for variable in part.get("_trainable_variables", ())]
    return isinstance(layer, keras.layers.ActivityRegularization) or any(value is not None for value in given)


def _variable(site: Site, variable: Any, path: str, initial: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    shape = tuple(int(n) for n in variable.shape)
    fan_in, fan_out = _fans(shape)
    initializer = getattr(site.layer, f"{variable.name}_initializer", None)
    return {
        "path": path,
        "layer": site.path,
        "role": variable.name,
        "shape": list(shape),
        "dtype": keras.backend.standardize_dtype(variable.dtype),
        "trainable": bool(variable.trainable and site.layer.trainable),
        "initializer": None if initializer is None else type(initializer).__name__,
        "fan_in": fan_in,
        "fan_out": fan_out,
        "initial": dict(initial.get(path, {})),
    }


def _kernels(sites: Sequence[Site]) -> Iterator[tuple[Any, str]]:
    """Yields the variables of two axes or more with their paths."""
    paths = variable_paths(sites)
    unique = {id(v): v for site in sites for v in site.variables if len(v.shape) >= 2}
    yield from ((variable, paths[key]) for key, variable in unique.items())


def _fans(shape: tuple[int, ...]) -> tuple[int | None, int | None]:
    """Returns fan-in and fan-out of a kernel `[…receptive field, in, out]`; None below rank 2."""
    if len(shape) < 2:
        return None, None
    field = int(np.prod(shape[:-2], dtype=np.int64))
    return shape[-2] * field, shape[-1] * field


def _frozen(variable: Any) -> dict[str, float]:
    """Returns what tells whether a kernel has the values that its initializer gives."""
    if not keras.backend.is_float_dtype(variable.dtype):
        return {}
    first = keras.ops.reshape(variable.value, (-1,))[:MOST_FROZEN].numpy().astype(np.float64)
    return {"frozen_std": float(first.std()), "frozen_absmax": float(np.abs(first).max(initial=0.0))}


def _identical_units(kernel: np.ndarray) -> float:
    units = kernel.reshape(-1, kernel.shape[-1]).T[:MOST_UNITS]
    if len(units) < 2:
        return float("nan")
    counts = Counter((unit + 0.0).tobytes() for unit in units)  # + 0.0, for -0.0 is equal to 0.0
    return sum(count for count in counts.values() if count > 1) / len(units)


def _size(variable: Any) -> int:
    return int(np.prod(variable.shape, dtype=np.int64))
