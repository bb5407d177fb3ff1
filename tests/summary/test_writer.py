"""What stands on the disk after writing, and what happens when the disk does not play along."""

import contextlib
import errno
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.compat.proto import event_pb2

from tb_nnhealth.reader import files, read_run
from tb_nnhealth.summary import event_file, metadata
from tb_nnhealth.summary.event_file import EventFile
from tb_nnhealth.summary.writer import (
    HISTOGRAM_BOUND,
    HISTOGRAM_GRID,
    ROW_BOUND,
    ROW_GRID,
    HealthWriter,
    is_due,
    strict,
)
from tb_nnhealth.vocabulary import VARIABLE_STATISTICS
from tests.conftest import Way
from tests.synthetic import make_histograms, make_manifest, make_tables, write_synthetic_run


def events_of(run_dir: Path) -> list[event_pb2.Event]:
    events = []
    for path in sorted((run_dir / "health").iterdir()):
        problems: list[str] = []
        records = files._records(path.read_bytes(), path.name, problems)
        events += [event_pb2.Event.FromString(record) for record in records]
        assert not problems
    return events


def test_file_is_named_and_begins_as_tensorboard_expects(tmp_path: Path) -> None:
    write_synthetic_run(tmp_path, steps=2)
    (path,) = (tmp_path / "health").iterdir()
    prefix, seconds, *_, version = path.name.removeprefix("events.out.").split(".")
    assert (prefix, version) == ("tfevents", "v2") and int(seconds) > 1_700_000_000
    events = events_of(tmp_path)
    assert events[0].file_version == "brain.Event:2"
    assert events[1].summary.value[0].tag == metadata.MANIFEST


def test_every_summary_is_a_tensor_of_ours(tmp_path: Path) -> None:
    """A summary with no data class is invisible to TensorBoard, and bfloat16 breaks its loader."""
    write_synthetic_run(tmp_path, steps=10)
    values = [value for event in events_of(tmp_path) for value in event.summary.value]
    assert {value.metadata.data_class for value in values} == {2}
    assert {value.metadata.plugin_data.plugin_name for value in values} == {"nnhealth"}
    assert {value.metadata.plugin_data.content for value in values} == {b'{"schema_version": 1}'}
    assert all(value.tag.startswith("nnhealth/") for value in values)
    assert {value.tensor.dtype for value in values} == {1, 7}


def test_other_dtypes_are_written_as_float32(tmp_path: Path) -> None:
    manifest = make_manifest()
    tables: dict[str, Any] = {name: values.astype(np.float64) for name, values in make_tables(manifest, 0).items()}
    tables["steps"][0, 0] = 1e300
    tables["variables"] = tf.cast(tables["variables"], tf.bfloat16).numpy()
    writer = HealthWriter(str(tmp_path), manifest)
    writer.write_sample(0, tables)
    writer.close()
    run = read_run(tmp_path)
    np.testing.assert_array_equal(run.variables.values[0], tables["variables"].astype(np.float32))
    assert run.step.values[0, 0, 0] == np.inf and not run.problems


@pytest.mark.parametrize(("grid", "bound"), [(ROW_GRID, ROW_BOUND), (HISTOGRAM_GRID, HISTOGRAM_BOUND)])
def test_rows_are_bounded(grid: int, bound: int) -> None:
    written = np.cumsum([is_due(index, grid) for index in range(2**20)])
    assert written[2 * grid - 1] == 2 * grid
    doublings = math.ceil(math.log2(16e6 / (2 * grid)))
    assert 2 * grid + doublings * grid <= bound
    assert written[-1] <= 2 * grid + grid * math.ceil(math.log2(2**20 / (2 * grid)))
    assert written[100_000] < 4400 and written[1000] <= 1001


def test_rows_of_a_long_run(tmp_path: Path) -> None:
    """The grid is nested, the last sample is always there, counters run over samples and rows."""
    manifest = make_manifest(tables={"steps": make_manifest()["tables"]["steps"]}, histograms={})
    writer = HealthWriter(str(tmp_path), manifest)
    tables = make_tables(manifest, 0)
    written = [step for step in range(2502) if writer.write_sample(step, tables)]
    assert written == [*range(1000), *range(1000, 2000, 2), *range(2000, 2501, 4)]
    assert (writer.samples, writer.rows) == (2502, len(written))
    writer.close()
    run = read_run(tmp_path)
    assert run.step.steps.tolist() == [*written, 2501]
    assert run.step.series("sample_index", "step").tolist() == [*written, 2501]
    assert run.step.series("row_index", "step").tolist() == list(range(len(written) + 1))
    assert run.step.lows("sample_index", "step")[-1] == 2501
    assert (run.samples, run.thinned, writer.lost_rows) == (2502, False, 0)
    assert not tables["steps"][0, manifest["tables"]["steps"]["columns"].index("sample_index")].is_integer()


def test_a_sample_is_few_events_and_little_more_than_its_numbers(tmp_path: Path) -> None:
    """TensorBoard takes a tenth of a millisecond for each event, whatever it holds, and without TensorFlow 3 MB/s."""
    manifest = make_manifest(variables=[f"layer{i}/kernel" for i in range(200)])
    writer = HealthWriter(str(tmp_path), manifest)
    tables = make_tables(manifest, 0)
    for step in range(50):
        assert writer.write_sample(step, tables)
    writer.close()
    tags = [value.tag for event in events_of(tmp_path) for value in event.summary.value if event.step == 7]
    assert {tag.split("/")[1] for tag in tags} == set(tables) and len(tags) <= len(tables) + 2
    written = sum(path.stat().st_size for path in (tmp_path / "health").iterdir())
    assert written <= 1.1 * 50 * sum(4 * table.size for table in tables.values()) + len(json.dumps(manifest))


def test_a_tag_stays_below_what_tensorboard_answers_at_once(tmp_path: Path) -> None:
    manifest = make_manifest(variables=[f"layer{index}/kernel" for index in range(5000)])
    layout = HealthWriter(str(tmp_path), manifest)._manifest["tables"]["variables"]
    for blocks, numbers in ((layout["blocks"], 1), (layout["extremes_blocks"], 2)):
        row_bytes = 4 * numbers * len(VARIABLE_STATISTICS)
        largest = max(stop - start for start, stop in blocks) * row_bytes * ROW_BOUND
        assert 0.95 * metadata.MESSAGE_BYTES < largest <= metadata.MESSAGE_BYTES < 256 * 2**20


def test_extremes_only_where_a_row_stands_for_several(tmp_path: Path) -> None:
    manifest = make_manifest(tables={"steps": make_manifest()["tables"]["steps"]}, histograms={})
    writer = HealthWriter(str(tmp_path), manifest)
    for step in range(1005):
        writer.write_sample(step, make_tables(manifest, step))
    writer.close()
    tag = metadata.extremes_tag("steps", 0)
    steps = [event.step for event in events_of(tmp_path) for value in event.summary.value if value.tag == tag]
    assert steps == [1002, 1004]


def test_histograms_thin_and_the_last_is_kept(tmp_path: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    for step in range(302):
        writer.write_histograms(step, make_histograms(manifest, step))
    writer.close()
    run = read_run(tmp_path)
    assert run.histograms["value"].steps.tolist() == [*range(200), *range(200, 301, 2), 301]
    np.testing.assert_array_equal(run.histograms["update"].values[-1], make_histograms(manifest, 301)["update"])


def test_a_histogram_that_could_not_be_written_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    with monkeypatch.context() as patch:
        patch.setattr(EventFile, "flush", lambda self, force=False: os.stat("/nowhere"))
        writer.write_histograms(3, make_histograms(manifest, 3))
    writer.close()
    assert read_run(tmp_path).histograms["value"].steps.tolist() == [3]


def test_a_table_of_another_shape_is_left_out_with_one_problem(tmp_path: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    tables = make_tables(manifest, 0)
    assert writer.write_sample(0, {**tables, "data": np.zeros((2, 2)), "other": np.zeros((1, 1))})
    writer.close()
    assert writer.problem is not None and "'data' of shape (2, 2) where the manifest has (3, 9)" in writer.problem
    run = read_run(tmp_path)
    assert len(run.variables.steps) == 1 and len(run.data.steps) == 0


def test_json_is_strict() -> None:
    payload = {
        1: float("nan"),
        "inf": np.float32("inf"),
        "numbers": (np.int64(3), np.bool_(True), 0.5, np.float64(0.25)),
        "array": np.array([[1.0, np.nan]]),
        "path": Path("a"),
        "none": None,
    }
    assert json.dumps(strict(payload), allow_nan=False) == (
        '{"1": null, "inf": null, "numbers": [3, true, 0.5, 0.25], "array": [[1.0, null]], "path": "a", "none": null}'
    )


def test_default_writer_and_recording_condition_of_others_do_not_matter(tmp_path: Path) -> None:
    """Keras' TensorBoard callback leaves both in force, and a name scope may be open."""
    other = tf.summary.create_file_writer(str(tmp_path / "other"))
    with other.as_default(), tf.summary.record_if(False), tf.name_scope("scope"):
        write_synthetic_run(tmp_path / "run", steps=5)
    assert len(read_run(tmp_path / "run").variables.steps) == 5


def test_a_clock_that_steps_back_drops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    monkeypatch.setattr("time.time", lambda: 1_600_000_000.0)
    for step in range(3):
        writer.write_sample(step, make_tables(manifest, step))
    writer.close()
    assert read_run(tmp_path).variables.steps.tolist() == [0, 1, 2]


def test_a_session_after_the_clock_was_set_back_replaces_nothing(
    read: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start_step in (0, 3, 6):
        manifest = make_manifest() | {"start_step": start_step, "session": str(start_step)}
        writer = HealthWriter(str(tmp_path / "run"), manifest)
        for step in range(start_step, start_step + 3):
            writer.write_sample(step, make_tables(manifest, step))
        writer.close()
        monkeypatch.setattr("time.time", lambda: 1_600_000_000.0)
    monkeypatch.undo()
    assert read(tmp_path / "run").variables.steps.tolist() == list(range(9))


@pytest.mark.parametrize("is_remote", [False, True])
def test_a_pause_leaves_all_on_the_disk_and_the_session_goes_on(
    read: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_remote: bool
) -> None:
    monkeypatch.setattr(event_file, "is_remote", lambda path: is_remote)
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path / "run"), manifest)
    for step in range(1200):
        writer.write_sample(step, make_tables(manifest, step))
        writer.write_json(metadata.PROGRESS, step, {"steps": step + 1, "rows": writer.rows, "samples": writer.samples})
        if step in (500, 1001):
            writer.pause()
            assert writer.can_go_on()
            assert read(tmp_path / "run").variables.steps[-1] == step
    writer.close()
    run = read(tmp_path / "run")
    assert run.samples == 1200 and not run.thinned and not run.problems
    assert len(list((tmp_path / "run" / "health").iterdir())) == (3 if is_remote else 1)


def test_a_session_whose_file_is_gone_cannot_go_on(tmp_path: Path) -> None:
    writer = HealthWriter(str(tmp_path / "run"), make_manifest())
    writer.pause()
    shutil.rmtree(tmp_path / "run")
    assert not writer.can_go_on()


@pytest.mark.parametrize("change", [lambda size: size // 2, lambda size: 0, lambda size: size + 7])
def test_a_session_whose_file_another_changed_cannot_go_on(tmp_path: Path, change: Callable[[int], int]) -> None:
    writer = HealthWriter(str(tmp_path / "run"), make_manifest())
    writer.pause()
    assert writer.can_go_on()
    (file,) = (tmp_path / "run" / "health").iterdir()
    os.truncate(file, change(file.stat().st_size))
    assert not writer.can_go_on()


def test_a_session_that_had_trouble_does_not_go_on(tmp_path: Path) -> None:
    (tmp_path / "health").write_text("here")
    writer = HealthWriter(str(tmp_path), make_manifest())
    assert not writer.has_written and not writer.can_go_on()
    (tmp_path / "health").unlink()
    writer.pause()
    writer.write_json(metadata.PROGRESS, 0, {})
    writer.close()
    assert writer.has_written and not writer.can_go_on()


def test_memory_does_not_grow(tmp_path: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    tables = make_tables(manifest, 0)
    tracemalloc.start()
    for step in range(6000):
        writer.write_sample(step, tables)
        if step == 2500:
            before = tracemalloc.get_traced_memory()[0]
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 50_000


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Files of this process cannot grow beyond the size: writes fail as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_cannot_grow_is_followed_by_another(read: Way, tmp_path: Path) -> None:
    """The row that came only half onto the disk is cut off, counted, and its extremes go into the next one."""
    run_dir = tmp_path / "logs" / "run1"
    manifest = make_manifest()
    writer = HealthWriter(str(run_dir), manifest)
    with largest_file(40_000):
        written = [writer.write_sample(step, make_tables(manifest, step)) for step in range(40)]
    writer.close()
    assert len(list((run_dir / "health").iterdir())) > 1
    assert writer.lost_rows == written.count(False) > 0 and writer.rows == written.count(True) > 20
    assert writer.problem is not None and "\n" not in writer.problem
    run = read(run_dir)
    assert run.problems == ()
    assert run.variables.steps.tolist() == [step for step in range(40) if written[step]]
    assert (run.samples, run.thinned) == (40, True)
    assert (run.missing_rows, run.lost_rows) == (writer.lost_rows, 0)
    lost = written.index(False)
    after = written.index(True, lost)
    row = run.variables.steps.tolist().index(after)
    covered = np.stack([make_tables(manifest, step)["variables"] for step in range(lost, after + 1)])
    np.testing.assert_array_equal(run.variables.high[row], covered.max(axis=0))
    np.testing.assert_array_equal(run.variables.low[row], covered.min(axis=0))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 KB, for whoever may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a file system needs root on Linux")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_full_disk_loses_rows_and_goes_on_when_there_is_room(read: Way, small_disk: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(small_disk / "run1"), manifest)
    full = [writer.write_sample(step, make_tables(manifest, step)) for step in range(100)]
    assert full[0] and not full[-1] and "No space left" in str(writer.problem)
    writer.write_json(metadata.EPOCH, 99, {"epoch": 0, "step": 100, "logs": {}})
    writer.flush()
    remount(small_disk, "size=2m")
    room = [writer.write_sample(step, make_tables(manifest, step)) for step in range(100, 200)]
    assert room[-1] and room == sorted(room)
    writer.close()
    run = read(small_disk / "run1")
    assert run.problems == () and run.thinned and run.samples == 200
    assert run.variables.steps.tolist() == np.flatnonzero(full + room).tolist()
    assert [epoch.step for epoch in run.epochs] == [100]
    assert writer.lost_rows == (full + room).count(False)


def test_a_read_only_directory_that_becomes_writable(small_disk: Path) -> None:
    remount(small_disk, "ro")
    manifest = make_manifest()
    writer = HealthWriter(str(small_disk / "run1"), manifest)
    assert writer.problem is not None and "Read-only file system" in writer.problem
    assert not writer.write_sample(0, make_tables(manifest, 0))
    writer.flush()
    remount(small_disk, "rw,size=2m")
    written = [writer.write_sample(step, make_tables(manifest, step)) for step in range(1, 10)]
    writer.close()
    assert any(written) and read_run(small_disk / "run1").samples == 10


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path / "run"), manifest)
    for step in range(3):
        assert not writer.write_sample(step, make_tables(manifest, step))
    writer.write_histograms(2, make_histograms(manifest, 2))
    writer.close()
    assert writer.lost_rows >= 3 and "Expected to write health data to" in str(writer.problem)
    assert "not a directory" in str(writer.problem).lower()


@pytest.mark.parametrize(("texts", "kept"), [(3, range(3)), (300, range(44, 300))])
def test_texts_wait_for_the_next_file(texts: int, kept: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = HealthWriter(str(tmp_path), make_manifest())
    with monkeypatch.context() as patch:
        patch.setattr(EventFile, "flush", lambda self, force=False: os.stat("/nowhere"))
        for epoch in range(texts):
            writer.write_json(metadata.EPOCH, epoch, {"epoch": epoch, "step": epoch + 1, "logs": {}})
    writer.close()
    assert [epoch.epoch for epoch in read_run(tmp_path).epochs] == list(kept)


def test_a_file_system_that_is_not_known(tmp_path: Path) -> None:
    writer = HealthWriter("nowhere://bucket/run", make_manifest())
    writer.close()
    assert "nowhere" in str(writer.problem)


def test_a_directory_that_disappears_comes_back_with_its_manifest(tmp_path: Path) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path / "run"), manifest)
    for step in range(20):
        if step == 5:
            shutil.rmtree(tmp_path / "run")
        writer.write_sample(step, make_tables(manifest, step))
    writer.close()
    run = read_run(tmp_path / "run")
    assert run.variables.steps[0] > 5 and run.variables.steps[-1] == 19
    assert run.samples == 20 and run.thinned and run.missing_rows >= writer.lost_rows > 0


def test_attempts_become_rarer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    attempts = []
    step = 0

    class FullDisk(EventFile):
        def __init__(self, directory: str) -> None:
            attempts.append(step)
            raise OSError(errno.ENOSPC, "No space left on device")

    def fail(self: EventFile, record: bytes) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(EventFile, "write", fail)
    monkeypatch.setattr("tb_nnhealth.summary.writer.EventFile", FullDisk)
    for step in range(400):
        assert not writer.write_sample(step, make_tables(manifest, step))
    assert np.diff(attempts).tolist() == [3, 5, 9, 17, 33, 65, 65, 65, 65, 65]
    monkeypatch.undo()
    writer.close()
    assert writer.lost_rows == 400 and writer.rows == 1
    run = read_run(tmp_path)
    assert run.variables.steps.tolist() == [399] and run.samples == 400 and run.thinned


def test_a_remote_directory_is_flushed_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    flush = tf.io.TFRecordWriter.flush
    monkeypatch.setattr(event_file, "is_remote", lambda path: True)
    monkeypatch.setattr(tf.io.TFRecordWriter, "flush", lambda self: (flushed.append(1), flush(self)))
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    manifest = make_manifest()
    writer = HealthWriter(str(tmp_path), manifest)
    for step in range(100):
        now += 1.0
        writer.write_sample(step, make_tables(manifest, step))
    assert len(flushed) == 3
    writer.close()
    assert len(read_run(tmp_path).variables.steps) == 100


KILLED = """
import os, signal, sys
from tests.synthetic import make_manifest, make_tables
from tb_nnhealth.summary.writer import HealthWriter
manifest = make_manifest()
writer = HealthWriter(sys.argv[1], manifest)
for step in range(30):
    writer.write_sample(step, make_tables(manifest, step))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_every_sample(read: Way, tmp_path: Path) -> None:
    run_dir = tmp_path / "logs" / "run1"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(run_dir)], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    run = read(run_dir)
    assert (run.samples, run.steps, run.finished, run.thinned) == (30, 30, False, False)
    assert run.problems == ()
