"""A small, complete run written through the real writer, with numbers that a test can foresee."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tb_nnhealth import vocabulary
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter

VARIABLES = ("dense/kernel", "dense/bias", "output/kernel", "output/bias")
ACTIVATIONS = ("dense", "output")
DATA = ("input/x", "target/y", "prediction/output")
CLASSES = ("target/y", "prediction/output")


def names(statistics: Iterable[vocabulary.Statistic]) -> list[str]:
    return [statistic.name for statistic in statistics]


def make_layer(path: str, position: int, **changes: Any) -> dict[str, Any]:
    layer = {
        "path": path, "class_name": "Dense", "trainable": True, "parameters": 20, "position": position,
        "activation": "relu", "units": 4, "dtype": "float32", "is_output": False, "normalizes": False, "rows": [path],
    }  # fmt: skip
    return {**layer, **changes}


def make_variable(path: str, **changes: Any) -> dict[str, Any]:
    layer, role = path.rsplit("/", 1)
    kernel = role == "kernel"
    variable = {
        "path": path, "layer": layer, "role": role, "shape": [4, 4] if kernel else [4], "dtype": "float32",
        "trainable": True, "initializer": "GlorotUniform" if kernel else "Zeros", "fan_in": 4 if kernel else None,
        "fan_out": 4 if kernel else None,
        "initial": {"std": 0.5, "norm": 2.0, "constant": False, "identical_units": 0.0} if kernel else {},
    }  # fmt: skip
    return {**variable, **changes}


def make_manifest(
    run: str = "run1", start_step: int = 0, variables: Iterable[str] = VARIABLES, **changes: Any
) -> dict[str, Any]:
    """Returns a manifest as the callback hands it to the writer (without blocks)."""
    variables = list(variables)
    layers = list(dict.fromkeys(path.rsplit("/", 1)[0] for path in variables))
    manifest = {
        "schema_version": metadata.SCHEMA_VERSION,
        "tool_version": "0.1.0",
        "run": run,
        "session": f"session-{start_step}",
        "start_step": start_step,
        "created": 1_700_000_000.0 + start_step,
        "model": {
            "name": "sequential",
            "class_name": "Sequential",
            "parameters": 20 * len(layers),
            "trainable_parameters": 20 * len(layers),
            "layers": [make_layer(path, i, is_output=path == layers[-1]) for i, path in enumerate(layers)],
            "variables": [make_variable(path) for path in variables],
        },
        "compile": {
            "optimizer": {"class_name": "SGD", "learning_rate": 0.01},
            "losses": [{"output": "output", "class_name": "SparseCategoricalCrossentropy", "from_logits": False}],
            "metrics": ["accuracy"],
        },
        "sampling": {"sampling": 1, "overhead": 0.02},
        "tables": {
            "variables": {"rows": variables, "columns": names(vocabulary.VARIABLE_STATISTICS)},
            "activations": {"rows": layers, "columns": names(vocabulary.ACTIVATION_STATISTICS)},
            "data": {"rows": list(DATA), "columns": names(vocabulary.DATA_STATISTICS)},
            "steps": {"rows": ["step"], "columns": [*names(vocabulary.STEP_STATISTICS), "metric/accuracy"]},
            "classes": {"rows": list(CLASSES), "columns": ["0", "1", "2"]},
        },
        "histograms": {
            **{name: {"rows": variables} for name in ("value", "gradient", "update")},
            "activation": {"rows": layers},
        },
    }
    return {**manifest, **changes}


def make_tables(manifest: Mapping[str, Any], step: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Returns positive numbers for every table, decided by seed and step; the loss falls as 1 / (1 + step)."""
    random = np.random.default_rng([seed, step])
    tables = {
        name: random.uniform(0.1, 1.0, (len(layout["rows"]), len(layout["columns"]))).astype(np.float32)
        for name, layout in manifest["tables"].items()
    }
    tables["steps"][0, manifest["tables"]["steps"]["columns"].index("loss")] = 1.0 / (1.0 + step)
    return tables


def make_histograms(manifest: Mapping[str, Any], step: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng([seed, step, 1])
    return {
        name: random.integers(0, 9, (len(layout["rows"]), vocabulary.HISTOGRAM_BINS)).astype(np.float32)
        for name, layout in manifest["histograms"].items()
    }


def make_progress(writer: HealthWriter, steps: int, finished: bool) -> dict[str, Any]:
    return {
        "steps": steps, "samples": writer.samples, "rows": writer.rows, "lost_rows": writer.lost_rows,
        "compile_seconds": 1.5, "sampling_seconds": 0.25, "training_seconds": 10.0, "finished": finished,
    }  # fmt: skip


def write_synthetic_run(
    log_dir: str | os.PathLike[str],
    steps: int = 20,
    seed: int = 0,
    start_step: int = 0,
    epoch_steps: int = 10,
    events: Iterable[Mapping[str, Any]] = (),
    finished: bool = True,
    galleries: bool = False,
    **manifest: Any,
) -> HealthWriter:
    """Writes a session that samples every step from start_step to start_step + steps, and closes it."""
    manifest = make_manifest(**{"run": os.path.basename(log_dir), "start_step": start_step, **manifest})
    writer = HealthWriter(os.fspath(log_dir), manifest)
    for step in range(start_step, start_step + steps):
        writer.write_sample(step, make_tables(manifest, step, seed))
        if (step + 1) % epoch_steps == 0:
            writer.write_histograms(step, make_histograms(manifest, step, seed))
            logs = {"loss": 1.0 / (1.0 + step), "val_loss": 2.0 / (1.0 + step)}
            writer.write_json(metadata.EPOCH, step, {"epoch": step // epoch_steps, "step": step + 1, "logs": logs})
            writer.write_json(metadata.PROGRESS, step, make_progress(writer, step + 1, finished=False))
            if galleries:
                wrong = max(0, 3 - step // epoch_steps)
                writer.write_json(metadata.GALLERY, step, make_gallery(step // epoch_steps, wrong))
    last = start_step + steps - 1
    if events:
        writer.write_json(metadata.EVENT, last, list(events))
    writer.write_json(metadata.PROGRESS, last, make_progress(writer, last + 1, finished))
    writer.close()
    return writer


PIXELS = (
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAFCAAAAABHxhIHAAAAGUlEQVR4nGNk4OXlZTTh5eVlgROMF3h5eQEVmwI75IG9EgAAAABJRU5ErkJggg=="
)
"""A grey picture of five rows and four columns, as PNG in base64."""


def make_gallery(epoch: int | None, wrong: int = 1) -> dict[str, Any]:
    """Returns the gallery of three examples with pictures, numbers and classes, of which some are predicted wrong."""
    animals = ("cat", "dog", "horse")
    orders = [np.roll(np.arange(3), -((at + (at < wrong)) % 3)).tolist() for at in range(3)]
    facts = {"low": 0.0, "high": 255.0, "mean": 100.5, "std": 70.25, "nonfinite": 0, "layer": None, "dtype": "uint8"}
    picture = {"stage": "input", "name": "digit", "kind": "picture", "shape": [50, 40, 1], "size": [5, 4]}
    numbers = {"stage": "first", "name": "digit", "kind": "numbers", "shape": [2], "columns": ["0", "1"]}
    classes = {"kind": "classes", "unit": "fraction", "several": False, "shape": [], "dtype": "int64", "layer": None}
    return {
        "epoch": epoch,
        "examples": 3,
        "exhibits": [
            {**picture, **facts, "channels": "one channel; channels last", "values": [PIXELS] * 3},
            {**numbers, **facts, "layer": "dense", "nonfinite": 1, "values": [[0.5, -1.0], [None, 2.0], [3.0, 4.0]]},
            {**classes, "stage": "target", "name": "kind", "values": [[[at, 1.0, animals[at]]] for at in range(3)]},
            {
                **classes,
                "stage": "prediction",
                "name": "kind",
                "values": [
                    [[at, share, animals[at]] for at, share in zip(order, (0.75, 0.2, 0.05), strict=True)]
                    for order in orders
                ],
            },
        ],
        "left_out": ["digit is drawn at 5 × 4 pixels of 50 × 40."],
    }  # fmt: skip
