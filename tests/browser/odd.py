"""Runs that are out of the common: with little in them, with hostile names, and one that cannot be read."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter
from tests.browser.runs import LONG, MARKUP, quiet_tables, write_calm_run, write_small_run
from tests.synthetic import make_histograms, make_manifest, make_progress, write_synthetic_run

STEPS = 48
THINNED_STEPS = 30
NAN_FROM = 30
QUOTES = "\"quo'te\\s`${x}` %2F#?=&;"
EMOJI = "😀🔥 👩‍👩‍👧"
RTL = "\u202eשבכה عصبية\u202c"
HOSTILE = ("<script>window.top.__xss=1</script>", MARKUP, QUOTES, EMOJI, RTL, LONG)
"""Names of layers, and of runs as far as a file system takes them."""

HOSTILE_RUNS = ("<img src=x onerror=window.top.__xss=1>", QUOTES, EMOJI, RTL, f"{'n' * 200}/{'m' * 200}")

BRANCHES = ("encoder", "decoder")
NESTED = tuple(f"model/{branch}/dense_{index}/kernel" for branch in BRANCHES for index in range(4))


def write_odd_runs(log_dir: Path) -> None:
    write_small_run(log_dir / "small", 0)
    write_small_run(log_dir / "other", 1, steps=24)
    write_calm_run(log_dir / "calm")
    write_part(log_dir / "bare", without=("variables", "activations", "data", "classes"))
    write_part(log_dir / "once", steps=1)
    write_part(log_dir / "thinned", steps=THINNED_STEPS, lost=20)
    write_part(log_dir / "nested", variables=NESTED)
    write_part(log_dir / "hostile", variables=[f"{name}/kernel" for name in HOSTILE])
    write_nan_run(log_dir / "nan", NAN_FROM)
    write_nan_run(log_dir / "all_nan", 0)
    for name in HOSTILE_RUNS:
        write_small_run(log_dir / name, 0)
    write_synthetic_run(log_dir / "future", steps=4, schema_version=99)


def write_nan_run(directory: Path, since: int) -> None:
    """Writes a run whose loss, gradients and validation are NaN from a step on."""
    manifest = make_manifest(directory.name)
    columns = {name: layout["columns"] for name, layout in manifest["tables"].items()}
    writer = HealthWriter(str(directory), manifest)
    for step in range(STEPS):
        tables = quiet_tables(manifest, step)
        if step >= since:
            for name in ("loss", "data_loss", "regularization_loss"):
                tables["steps"][0, columns["steps"].index(name)] = np.nan
            for index, name in enumerate(columns["variables"]):
                if name.startswith("gradient_") and name != "gradient_missing":
                    tables["variables"][:, index] = 5.0 if name == "gradient_nonfinite" else np.nan
        writer.write_sample(step, tables)
        if step % 12 == 11:
            logs = {"loss": 1.0, "val_loss": np.nan if step >= since else 0.5}
            writer.write_json(metadata.EPOCH, step, {"epoch": step // 12, "step": step + 1, "logs": logs})
    place = {"stage": "loss", "path": "", "count": 1}
    writer.write_json(metadata.EVENT, STEPS - 1, [{"kind": "nonfinite", "step": since, "places": [place]}])
    writer.write_json(metadata.PROGRESS, STEPS - 1, make_progress(writer, STEPS, finished=True))
    writer.close()


def write_part(
    directory: Path,
    *,
    without: Sequence[str] = (),
    steps: int = STEPS,
    lost: int = 0,
    after: int = 0,
    finished: bool = True,
    variables: Sequence[str] = ("dense/kernel", "dense/bias", "output/kernel", "output/bias"),
) -> None:
    """Writes a run in which nothing is wrong: without some tables, with lost rows, or steps after the last sample."""
    manifest = make_manifest(directory.name, variables=variables)
    for table in without:
        del manifest["tables"][table]
    if "activations" in without:
        manifest["histograms"] = {}
    writer = HealthWriter(str(directory), manifest)
    for step in range(steps):
        tables = quiet_tables(manifest, step)
        for loss in ("loss", "data_loss"):
            tables["steps"][0, manifest["tables"]["steps"]["columns"].index(loss)] = 1 / (1 + step)
        writer.write_sample(step, tables)
        if manifest["histograms"] and step % 10 == 0:
            writer.write_histograms(step, make_histograms(manifest, step))
    progress = make_progress(writer, steps + after, finished=finished)
    writer.write_json(metadata.PROGRESS, steps - 1, {**progress, "rows": progress["rows"] + lost})
    writer.close()
