"""Writes a run of records into event files, through the real writer."""

import os
from dataclasses import asdict

from tb_nnhealth.records import HealthRun
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter

TABLES = {"variables": "variables", "activations": "activations", "data": "data", "steps": "step"}


def write_run(run: HealthRun, log_dir: str | os.PathLike[str]) -> None:
    """Writes one session with every sample of the run."""
    model = run.model
    tables = {name: getattr(run, field) for name, field in TABLES.items()}
    manifest = {
        "schema_version": metadata.SCHEMA_VERSION, "tool_version": run.tool_version, "run": run.name, "session": "one",
        "start_step": 0, "created": run.created,
        "model": {
            "name": model.name, "class_name": model.class_name, "parameters": model.parameters,
            "trainable_parameters": model.trainable_parameters, "layers": [asdict(layer) for layer in model.layers],
            "variables": [asdict(variable) for variable in model.variables],
        },
        "compile": model.compile, "sampling": model.sampling,
        "tables": {name: {"rows": t.rows, "columns": t.columns} for name, t in tables.items()}, "histograms": {},
    }  # fmt: skip
    writer = HealthWriter(os.fspath(log_dir), manifest)
    for index, step in enumerate(run.step.steps):
        writer.write_sample(int(step), {name: table.values[index] for name, table in tables.items()})
    progress = {"steps": run.steps, "samples": run.samples, "rows": run.samples, "lost_rows": 0, "finished": True}
    writer.write_json(metadata.PROGRESS, run.steps - 1, progress)
    writer.close()
