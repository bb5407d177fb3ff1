"""The runs that the browser looks at: written once, without training."""

from pathlib import Path
from typing import Any

import numpy as np

from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter
from tests.synthetic import make_histograms, make_manifest, make_progress, make_tables, write_synthetic_run

MARKUP = "<img src=x onerror=window.top.__xss=1>"
LONG = "long" * 2500
STEPS = 120
DEAD_FROM = 40
CLASSES = {"target/output": (2, 3, 5), "prediction/output": (0, 10, 0)}

STAGES, BLOCKS = 6, 20
DEEP_VARIABLES = tuple(
    f"net/stage{stage}_block{block}_conv/{role}"
    for stage in range(STAGES)
    for block in range(BLOCKS)
    for role in ("kernel", "bias")
)
SPIKE, DIP, BROKEN = 37, 80, 60
"""Steps of the deep run: an update ratio of 0.5, one of 1e-7, and a gradient with three NaN."""

WIDE = 2000

GAP, EPOCH = 35, 20
"""Steps between the samples of the sparse run, and steps of its epochs: two of them may share a sample."""

VARIABLES = tuple(f"block/dense_{index}/{role}" for index in range(12) for role in ("kernel", "bias"))


def write_runs(log_dir: Path) -> None:
    """Writes runs: of random numbers, calm, sick, deep, wide, sparse, short, with markup in names, unreadable, live."""
    write_synthetic_run(log_dir / "good", steps=STEPS, galleries=True)
    write_calm_run(log_dir / "calm")
    write_sick_run(log_dir / "sick")
    write_deep_run(log_dir / "deep")
    write_wide_run(log_dir / "wide")
    write_sparse_run(log_dir / "sparse")
    write_synthetic_run(log_dir / "exp<b>1", steps=20, variables=[f"{MARKUP}/kernel", "output/kernel", f"{LONG}/bias"])
    write_synthetic_run(log_dir / "future", steps=4, schema_version=99)
    write_synthetic_run(log_dir / "single", steps=1)
    LIVE.append(log_dir, 30)


def write_calm_run(directory: Path) -> None:
    """Writes a run in which nothing is wrong, and that most rules have nothing to judge in."""
    manifest = make_manifest("calm", variables=("dense/kernel",))
    columns = manifest["tables"]["steps"]["columns"]
    writer = HealthWriter(str(directory), manifest)
    for step in range(STEPS):
        tables = quiet_tables(manifest, step)
        for loss in ("loss", "data_loss"):
            tables["steps"][0, columns.index(loss)] = 1 / (1 + step)
        writer.write_sample(step, tables)
    writer.write_json(metadata.PROGRESS, STEPS - 1, make_progress(writer, STEPS, finished=True))
    writer.close()


def write_sick_run(directory: Path) -> None:
    """Writes a run in which all units of a layer die at DEAD_FROM, the loss stands still and one class is predicted."""
    manifest = make_manifest("sick", variables=VARIABLES)
    manifest["tables"]["data"]["rows"] = ["input/x", *CLASSES]
    manifest["tables"]["classes"]["rows"] = list(CLASSES)
    columns = {name: layout["columns"] for name, layout in manifest["tables"].items()}
    writer = HealthWriter(str(directory), manifest)
    for step in range(STEPS):
        tables = quiet_tables(manifest, step)
        tables["activations"][3, columns["activations"].index("dead_unit_fraction")] = float(step >= DEAD_FROM)
        tables["classes"][:] = list(CLASSES.values())
        for loss in ("loss", "data_loss"):
            tables["steps"][0, columns["steps"].index(loss)] = 2.3
        writer.write_sample(step, tables)
        if step % 10 == 0:
            writer.write_histograms(step, make_histograms(manifest, step))
    writer.write_json(metadata.PROGRESS, STEPS - 1, make_progress(writer, STEPS, finished=True))
    writer.close()


def write_deep_run(directory: Path) -> None:
    """Writes a run of many nested layers, all of one update ratio but for a spike, a dip, a NaN and a bias of zero."""
    manifest = make_manifest("deep", variables=DEEP_VARIABLES)
    columns = {name: index for index, name in enumerate(manifest["tables"]["variables"]["columns"])}
    rows = {name: index for index, name in enumerate(DEEP_VARIABLES)}
    writer = HealthWriter(str(directory), manifest)
    for step in range(STEPS):
        tables = quiet_tables(manifest, step)
        variables = tables["variables"]
        variables[:, columns["update_ratio"]] = 1e-3
        variables[rows["net/stage2_block3_conv/bias"], columns["update_ratio"]] = 0.0
        if step == SPIKE:
            variables[rows["net/stage0_block1_conv/kernel"], columns["update_ratio"]] = 0.5
        if step == DIP:
            variables[rows["net/stage0_block1_conv/bias"], columns["update_ratio"]] = 1e-7
        if step == BROKEN:
            for name in ("update_ratio", "gradient_rms"):
                variables[rows["net/stage1_block0_conv/kernel"], columns[name]] = np.nan
            variables[rows["net/stage1_block0_conv/kernel"], columns["gradient_nonfinite"]] = 3
        writer.write_sample(step, tables)
    writer.write_json(metadata.PROGRESS, STEPS - 1, make_progress(writer, STEPS, finished=True))
    writer.close()


def write_wide_run(directory: Path) -> None:
    """Writes a run of WIDE layers that share no name, all of one update ratio but for a spike of the last but one."""
    manifest = make_manifest("wide", variables=tuple(f"dense{index}/kernel" for index in range(WIDE)))
    column = manifest["tables"]["variables"]["columns"].index("update_ratio")
    writer = HealthWriter(str(directory), manifest)
    for step in range(10):
        tables = quiet_tables(manifest, step)
        tables["variables"][:, column] = 1e-3
        if step == 5:
            tables["variables"][WIDE - 2, column] = 0.5
        writer.write_sample(step, tables)
    writer.write_json(metadata.PROGRESS, 9, make_progress(writer, 10, finished=True))
    writer.close()


def write_sparse_run(directory: Path) -> None:
    """Writes a run whose epochs end between its samples, the last of them after the last sample."""
    manifest = make_manifest("sparse")
    writer = HealthWriter(str(directory), manifest)
    for step in range(STEPS):
        if step % GAP == 0:
            writer.write_sample(step, quiet_tables(manifest, step))
        if (step + 1) % EPOCH == 0:
            logs = {"loss": 2.0 / (1 + step), "val_loss": 10.0 / (1 + step), "val_accuracy": step / STEPS}
            writer.write_json(metadata.EPOCH, step, {"epoch": step // EPOCH, "step": step + 1, "logs": logs})
    writer.write_json(metadata.PROGRESS, STEPS - 1, make_progress(writer, STEPS, finished=True))
    writer.close()


def quiet_tables(manifest: dict[str, Any], step: int) -> dict[str, np.ndarray]:
    """Returns random tables, but for the learning rate: nothing is non-finite, missing, dead or saturated."""
    tables = make_tables(manifest, step)
    for name, table in tables.items():
        for index, column in enumerate(manifest["tables"][name]["columns"]):
            if column.endswith(("nonfinite", "missing", "_fraction")):
                table[:, index] = 0.0
            elif column == "update_ratio":
                table[:, index] *= 1e-3
            elif column == "learning_rate":
                table[:, index] = manifest["compile"]["optimizer"]["learning_rate"]
    return tables


class _Live:
    """A run that is still training: each session of it goes on where the last one ended."""

    def __init__(self) -> None:
        self.done: dict[Path, int] = {}

    def append(self, log_dir: Path, count: int) -> int:
        start = self.done.get(log_dir, 0)
        write_synthetic_run(log_dir / "live", steps=count, start_step=start, finished=False)
        self.done[log_dir] = start + count
        return start + count


LIVE = _Live()


def write_sweep(log_dir: Path, count: int) -> None:
    """Writes a sweep of small runs, `lr=…/seed=…`: of ten, two lose all their units and one reaches NaN."""
    for index in range(count):
        directory = log_dir / f"lr={10.0 ** -(1 + index % 4):g}" / f"seed={index // 4}"
        write_small_run(directory, index, dead=index % 10 in (3, 7), broken=index % 10 == 5)


def write_small_run(
    directory: Path,
    seed: int,
    dead: bool = False,
    broken: bool = False,
    steps: int = 48,
    layers: tuple[str, str] = ("dense", "output"),
) -> None:
    """Writes a run of two layers: its loss falls, unless all units of its first layer are dead, and may end as NaN."""
    variables = [f"{layer}/{role}" for layer in layers for role in ("kernel", "bias")]
    manifest = make_manifest(directory.name, variables=variables)
    columns = {name: layout["columns"] for name, layout in manifest["tables"].items()}
    writer = HealthWriter(str(directory), manifest)
    for step in range(steps):
        tables = quiet_tables(manifest, step)
        loss = 2.3 if dead else np.nan if broken and step > steps // 2 else (1 + seed % 5) / (1 + step)
        tables["activations"][0, columns["activations"].index("dead_unit_fraction")] = float(dead)
        for name in ("loss", "data_loss"):
            tables["steps"][0, columns["steps"].index(name)] = loss
        writer.write_sample(step, tables)
    if broken:
        place = {"stage": "loss", "path": "", "count": 1}
        event = {"kind": "nonfinite", "step": steps // 2 + 1, "places": [place]}
        writer.write_json(metadata.EVENT, steps - 1, [event])
    writer.write_json(metadata.PROGRESS, steps - 1, make_progress(writer, steps, finished=True))
    writer.close()
