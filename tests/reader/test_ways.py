"""The same run from the files, from TensorBoard's fast loader and from its slow one."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.reader import LogError
from tb_nnhealth.records import ModeLosses
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.event_file import EventFile, summary_event
from tb_nnhealth.summary.writer import HealthWriter
from tb_nnhealth.vocabulary import HISTOGRAM_BINS
from tests.conftest import Way
from tests.synthetic import VARIABLES, make_manifest, make_tables, write_synthetic_run


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "run1"


def write_raw(run_dir: Path, *events: bytes) -> None:
    file = EventFile(str(run_dir / "health"))
    for event in events:
        file.write(event)
    file.close()


def test_everything_written_is_read(read: Way, run_dir: Path) -> None:
    place = {"stage": "gradient", "path": "dense/kernel", "count": 3}
    happened = [{"kind": "nonfinite", "step": 7, "places": [place]}, {"kind": "problem", "message": "rows lost"}]
    write_synthetic_run(run_dir, steps=20, events=happened)
    run = read(run_dir)
    assert (run.name, run.tool_version, run.created) == ("run1", "0.1.0", 1_700_000_000.0)
    assert (run.steps, run.samples, run.sampled_steps, run.thinned, run.finished) == (20, 20, 20, False, True)
    manifest = make_manifest()
    expected = np.stack([make_tables(manifest, step)["variables"] for step in range(20)])
    np.testing.assert_array_equal(run.variables.values, expected)
    assert run.variables.rows == VARIABLES and run.variables.steps.tolist() == list(range(20))
    np.testing.assert_allclose(run.step.series("loss", "step"), 1 / (1 + np.arange(20)), rtol=1e-6)
    assert run.step.series("row_index", "step").tolist() == list(range(20))
    assert run.classes.columns == ("0", "1", "2") and run.data.values.shape == (20, 3, 9)
    assert run.histograms["gradient"].values.shape == (2, 4, HISTOGRAM_BINS)
    assert run.histograms["activation"].steps.tolist() == [9, 19]
    assert [(epoch.epoch, epoch.step) for epoch in run.epochs] == [(0, 10), (1, 20)]
    assert run.epochs[1].logs["val_loss"] == pytest.approx(0.1)
    assert run.nonfinite is not None and run.nonfinite.step == 7
    assert (run.nonfinite.places[0].stage, run.nonfinite.places[0].count) == ("gradient", 3.0)
    assert run.problems == ("rows lost",)
    elapsed = run.step.wall_times[-1] - run.step.wall_times[0]
    assert run.costs == {"compile": 1.5, "sampling": 0.25, "training": 10.0, "elapsed": pytest.approx(elapsed, abs=1.0)}
    assert run.model.variable("dense/kernel").shape == (4, 4)
    assert run.model.layer("output").rows == ("output",)
    assert run.model.compile["optimizer"]["class_name"] == "SGD"


@pytest.mark.parametrize(
    ("told", "since"),
    [
        ({"since": 3}, 3),
        ({"since": -1}, -1),
        ({"since": -9}, -1),
        ({}, None),
        ({"since": None}, None),
        ({"since": "3"}, None),
        ({"since": 6}, None),
        ({"since": 99}, None),
    ],
)
def test_a_window_is_read(read: Way, run_dir: Path, told: dict[str, object], since: int | None) -> None:
    place = {"stage": "update", "path": "dense/kernel", "count": 3}
    write_synthetic_run(run_dir, steps=20, events=[{"kind": "nonfinite", "step": 7, "places": [place], **told}])
    run = read(run_dir)
    assert run.nonfinite is not None and (run.nonfinite.step, run.nonfinite.since) == (7, since)
    assert run.nonfinite.first_step == (7 if since is None else since + 1)


def test_a_session_with_another_loss_is_known(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=10)
    other = {"optimizer": {}, "losses": [{"output": "output", "class_name": "KLDivergence"}], "metrics": []}
    write_synthetic_run(run_dir, steps=5, start_step=10, compile=other)
    write_synthetic_run(run_dir, steps=5, start_step=15, compile=other)
    run = read(run_dir)
    assert (run.loss_since, run.steps) == (10, 20)


def test_resumed_run_replaces_the_steps_that_come_again(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=30, seed=1)
    write_synthetic_run(run_dir, steps=8, seed=2, start_step=15)
    run = read(run_dir)
    assert run.variables.steps.tolist() == list(range(23))
    np.testing.assert_array_equal(run.variables.values[14], make_tables(make_manifest(), 14, 1)["variables"])
    np.testing.assert_array_equal(run.variables.values[15], make_tables(make_manifest(), 15, 2)["variables"])
    assert (run.steps, run.samples, run.sampled_steps) == (23, 15 + 8, 23)
    assert not run.thinned and run.created == 1_700_000_000.0
    assert [epoch.step for epoch in run.epochs] == [10, 20]
    assert run.costs["training"] == 20.0


def test_restart_from_zero_leaves_nothing_of_the_run_before(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=30, seed=1, events=[{"kind": "problem", "message": "old"}])
    write_synthetic_run(run_dir, steps=5, seed=2)
    run = read(run_dir)
    assert (run.steps, run.samples, run.problems) == (5, 5, ())
    assert run.variables.steps.tolist() == list(range(5))
    assert not run.epochs and not len(run.histograms["value"].steps)


def test_orphans_of_a_slower_tag_are_dropped(read: Way, run_dir: Path) -> None:
    """Histograms of steps that the resumed run passes without writing one stay in both loaders."""
    write_synthetic_run(run_dir, steps=30)
    write_synthetic_run(run_dir, steps=3, start_step=15)
    run = read(run_dir)
    assert run.histograms["value"].steps.tolist() == [9]
    assert [epoch.step for epoch in run.epochs] == [10]


def test_resumed_twice_each_time_earlier(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=30, seed=1)
    write_synthetic_run(run_dir, steps=10, seed=2, start_step=20)
    write_synthetic_run(run_dir, steps=4, seed=3, start_step=10)
    run = read(run_dir)
    assert run.variables.steps.tolist() == list(range(14)) and run.samples == 14
    np.testing.assert_array_equal(run.variables.values[9], make_tables(make_manifest(), 9, 1)["variables"])
    np.testing.assert_array_equal(run.variables.values[10], make_tables(make_manifest(), 10, 3)["variables"])


def test_sessions_with_other_rows_are_aligned_by_name(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4, variables=["head/kernel"])
    write_synthetic_run(run_dir, steps=4, start_step=4, variables=["base/kernel", "head/kernel"])
    run = read(run_dir)
    assert run.variables.rows == ("base/kernel", "head/kernel")
    base = run.variables.series("value_norm", "base/kernel")
    assert np.isnan(base[:4]).all() and not np.isnan(base[4:]).any()
    assert not np.isnan(run.variables.series("value_norm", "head/kernel")).any()
    assert [variable.path for variable in run.model.variables] == ["base/kernel", "head/kernel"]


def test_rows_of_an_earlier_session_stay(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4, variables=["base/kernel", "head/kernel"])
    write_synthetic_run(run_dir, steps=4, start_step=4, variables=["head/kernel"])
    run = read(run_dir)
    assert run.variables.rows == ("head/kernel", "base/kernel")
    assert np.isnan(run.variables.series("value_norm", "base/kernel")).tolist() == [False] * 4 + [True] * 4


def test_sessions_with_other_columns_are_aligned_by_name(read: Way, run_dir: Path) -> None:
    first = make_manifest()["tables"]
    second = {**first, "steps": {"rows": ["step"], "columns": ["metric/new", "loss", "sample_index", "row_index"]}}
    write_synthetic_run(run_dir, steps=3)
    write_synthetic_run(run_dir, steps=3, start_step=3, tables=second)
    run = read(run_dir)
    np.testing.assert_allclose(run.step.series("loss", "step"), 1 / (1 + np.arange(6)), rtol=1e-6)
    assert np.isnan(run.step.series("metric/new", "step")).tolist() == [True] * 3 + [False] * 3
    assert np.isnan(run.step.series("metric/accuracy", "step")).tolist() == [False] * 3 + [True] * 3


def test_nan_and_infinity_arrive_as_they_are(read: Way, run_dir: Path) -> None:
    manifest = make_manifest()
    tables = make_tables(manifest, 0)
    tables["variables"][0, :4] = [np.nan, np.inf, -np.inf, 1e-45]
    writer = HealthWriter(str(run_dir), manifest)
    writer.write_sample(0, tables)
    writer.write_json(metadata.EPOCH, 0, {"epoch": 0, "step": 1, "logs": {"loss": float("nan"), "lr": np.float32(0.5)}})
    writer.close()
    run = read(run_dir)
    np.testing.assert_array_equal(run.variables.values[0, 0, :4], np.float32([np.nan, np.inf, -np.inf, 1e-45]))
    assert run.epochs[0].logs == {"loss": None, "lr": 0.5}


def test_the_losses_of_both_modes_are_read_where_they_were_measured(read: Way, run_dir: Path) -> None:
    writer = HealthWriter(str(run_dir), make_manifest())
    infinite = {"training": 0.5, "inference": float("inf")}
    measured = [{"training": 0.5, "inference": 0.75}, infinite, None, "damaged", {}]
    for step, modes in enumerate(measured):
        writer.write_json(metadata.EPOCH, step, {"epoch": step, "step": step + 1, "logs": {}, "modes": modes})
    writer.write_json(metadata.EPOCH, 5, {"epoch": 5, "step": 6, "logs": {}})  # as it was before they were measured
    writer.close()
    run = read(run_dir)
    both, infinite, *rest = [epoch.modes for epoch in run.epochs]
    assert both == ModeLosses(0.5, 0.75) and infinite.training == 0.5 and np.isnan(infinite.inference)
    assert rest[:2] == [None, None] and np.isnan([rest[2].training, rest[2].inference]).all() and rest[3] is None
    assert run.problems == ()


def test_other_plugins_in_the_same_directory_are_ignored(read: Way, run_dir: Path) -> None:
    with tf.summary.create_file_writer(str(run_dir / "health")).as_default():
        for step in range(5):
            tf.summary.scalar("loss", 1.0, step)
            tf.summary.histogram("nnhealthy/kernel", tf.zeros([3]), step)
    write_synthetic_run(run_dir, steps=5)
    (run_dir / "health" / "notes.txt").write_text("not an event file")
    run = read(run_dir)
    assert run.samples == 5 and run.problems == ()


def test_torn_last_record_is_a_run_being_written(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=20)
    write_synthetic_run(run_dir, steps=5, start_step=20)
    first, last = sorted((run_dir / "health").iterdir())
    for path in (first, last):
        os.truncate(path, path.stat().st_size - 7)
    run = read(run_dir)
    assert run.variables.steps.tolist() == list(range(25))
    assert run.problems == () and not run.finished


def test_thinned_by_tensorboard_is_told(way: str, read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=50)
    run = read(run_dir, samples=10)
    assert (run.samples, run.steps) == (50, 50)
    assert run.thinned is (way != "files")
    assert (run.missing_rows, run.lost_rows) == ((0, 0) if way == "files" else (40, 0))
    assert run.sampled_steps == (50 if way == "files" else 10)


def test_blocks_are_joined(read: Way, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "MESSAGE_BYTES", 8000 * 4 * 25 * 3)
    writer = write_synthetic_run(run_dir, steps=1100, variables=[f"layer{i}/kernel" for i in range(7)])
    layout = writer._manifest["tables"]["variables"]
    assert layout["blocks"] == [(0, 3), (3, 6), (6, 7)]
    assert layout["extremes_blocks"] == [(index, index + 1) for index in range(7)]
    run = read(run_dir)
    manifest = make_manifest(variables=[f"layer{i}/kernel" for i in range(7)])
    np.testing.assert_array_equal(run.variables.values[-1], make_tables(manifest, 1099)["variables"])
    assert run.variables.values.shape[1] == 7 and not np.isnan(run.variables.high).any()
    assert (run.variables.high[-1] >= run.variables.values[-1]).all()


def test_spike_between_two_rows_survives_in_the_extremes(read: Way, run_dir: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(run_dir), manifest)
    quiet, spike = make_tables(manifest, 0), make_tables(manifest, 0)
    spike["variables"][2, 9] = 1e6
    spike["variables"][2, 10] = -1e6
    quiet["variables"][3, 3] = np.nan
    written = [writer.write_sample(step, spike if step == 1001 else quiet) for step in range(1100)]
    writer.close()
    assert not written[1001]
    run = read(run_dir)
    row = run.variables.steps.tolist().index(1002)
    assert run.variables.highs("gradient_norm", VARIABLES[2])[row] == 1e6
    assert run.variables.lows("gradient_rms", VARIABLES[2])[row] == -1e6
    assert run.variables.series("gradient_norm", VARIABLES[2]).max() < 1e6
    assert run.variables.highs("value_std", VARIABLES[3])[row] == spike["variables"][3, 3]
    assert run.variables.steps[-1] == 1099 and run.samples == 1100 and not run.thinned


def test_newer_schema_version_is_refused(read: Way, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "SCHEMA_VERSION", 99)
    write_synthetic_run(run_dir, steps=2)
    monkeypatch.undo()
    with pytest.raises(LogError, match=r"schema version 1 or older.*Received: schema_version=99"):
        read(run_dir)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"9", b"[" * 50_000])
def test_plugin_data_without_a_version_is_refused(
    content: bytes, read: Way, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "plugin_content", lambda: content)
    write_synthetic_run(run_dir, steps=4)
    with pytest.raises(LogError, match=r"Expected health data of schema version 1.* Received: schema_version=None"):
        read(run_dir)


def test_newer_session_in_an_old_directory_is_refused(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4)
    write_synthetic_run(run_dir, steps=2, start_step=4, schema_version=2)
    with pytest.raises(LogError, match="Received: schema_version=2"):
        read(run_dir)


def test_run_without_manifest_is_refused(read: Way, run_dir: Path) -> None:
    write_raw(run_dir, summary_event(metadata.EPOCH, 0, time.time(), "{}"))
    with pytest.raises(LogError, match="no manifest yet"):
        read(run_dir)


@pytest.mark.parametrize(
    "manifest",
    [
        "no JSON",
        "[]",
        "[" * 100_000,
        json.dumps({**make_manifest(), "tables": []}),
        json.dumps({**make_manifest(), "tables": {"variables": {"rows": ["a"], "columns": ["b"], "blocks": [[0, 9]]}}}),
        json.dumps({**make_manifest(), "tables": {}, "histograms": {}, "model": {"name": "m"}}),
    ],
    ids=["text", "list", "deep", "tables", "blocks", "model"],
)
def test_damaged_manifest_is_refused_in_one_sentence(read: Way, run_dir: Path, manifest: str) -> None:
    write_raw(run_dir, summary_event(metadata.MANIFEST, 0, time.time(), manifest))
    with pytest.raises(
        LogError,
        match=r"The log is damaged where it begins.*: take its files from a copy.*Expected a manifest .*Received: ",
    ):
        read(run_dir)


def test_session_with_a_damaged_manifest_is_left_out(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4)
    write_raw(run_dir, summary_event(metadata.MANIFEST, 4, time.time(), "no JSON"))
    run = read(run_dir)
    assert run.samples == 4 and len(run.problems) == 1 and "session from step 4" in run.problems[0]


def test_events_that_do_not_fit_are_left_out_and_said(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4)
    now = time.time()
    tag = metadata.table_tag("variables", 0)
    write_raw(
        run_dir,
        summary_event(tag, 4, now, np.zeros((2, 25))),
        summary_event(tag, 5, now, "text"),
        summary_event(metadata.table_tag("variables", 7), 5, now, np.zeros((2, 2))),
        summary_event(metadata.EPOCH, 6, now, "NaN"),
        summary_event(metadata.EPOCH, 7, now, '{"epoch": 1}'),
        summary_event(metadata.PROGRESS, 8, now, '{"steps": 1e999, "samples": "many", "rows": null}'),
        summary_event(metadata.EVENT, 8, now, '[3, {"kind": "nonfinite", "places": [null, {"stage": "loss"}]}]'),
    )
    run = read(run_dir)
    assert run.variables.steps.tolist() == [0, 1, 2, 3] and run.samples == 4
    assert run.nonfinite is not None and run.nonfinite.step == 8 and len(run.nonfinite.places) == 1
    assert len(run.problems) == 3
    assert "2 events do not fit" in run.problems[0] and "Received: shape [2, 25] at step 4" in run.problems[0]


def test_kept_events_are_those_of_the_loaders_whatever_the_names(read: Way, tmp_path: Path) -> None:
    """Run, row and message texts are anybody's: they come back unchanged and are never acted upon."""
    run_dir = tmp_path / "logs" / 'we<b>ird "run" ünï'
    name = '<img src=x onerror="x">/../../etc/passwd'
    write_synthetic_run(run_dir, steps=2, variables=[f"{name}/kernel"])
    run = read(run_dir)
    assert run.variables.rows == (f"{name}/kernel",) and run.name == run_dir.name


def test_empty_session_after_a_run(read: Way, run_dir: Path) -> None:
    write_synthetic_run(run_dir, steps=4)
    HealthWriter(str(run_dir), make_manifest(start_step=4)).close()
    run = read(run_dir)
    assert (run.steps, run.samples, run.finished, run.thinned) == (4, 4, False, False)


def test_session_killed_before_its_first_sample(read: Way, run_dir: Path) -> None:
    HealthWriter(str(run_dir), make_manifest()).close()
    run = read(run_dir)
    assert (run.steps, run.samples, run.sampled_steps, run.thinned) == (0, 0, 0, False)
    assert run.variables.values.shape == (0, 4, 25) and np.isnan(run.variables.last("value_norm", "dense/kernel"))
