"""Log directories with a scheme: what HealthCallback can write is read back, with and without TensorFlow."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from tb_nnhealth.cli import main
from tb_nnhealth.reader import LogError, find_runs, read_run
from tb_nnhealth.reader.storage import Remote
from tb_nnhealth.scorecard import Scorecard
from tests.loaders import assert_same_run
from tests.synthetic import write_synthetic_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ram(request: pytest.FixtureRequest) -> Iterator[str]:
    """A directory in memory, of TensorFlow's file system for that."""
    directory = f"ram://{request.node.name}"
    tf.io.gfile.makedirs(directory)
    yield directory
    tf.io.gfile.rmtree(directory)


def put(directory: str, run_dir: Path) -> None:
    """Copies a run's files."""
    tf.io.gfile.makedirs(f"{directory}/health")
    for path in (run_dir / "health").iterdir():
        tf.io.gfile.copy(str(path), f"{directory}/health/{path.name}")


def in_a_process_without_tensorflow(*statements: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join(["import sys", "sys.modules['tensorflow'] = None", *statements])
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_file_address_is_a_local_directory(synthetic_run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for address in (f"file://{synthetic_run}", f"FILE://localhost{synthetic_run}/", f"file://{synthetic_run}/health"):
        assert find_runs(address) == {"run1": str(synthetic_run)}
        assert Scorecard.from_logdir(address).to_json() == Scorecard.from_logdir(synthetic_run).to_json()
    assert main(["export", f"file://{synthetic_run.parent}"]) == 0
    assert capfd.readouterr().out == Scorecard.from_logdir(synthetic_run).to_json()


def test_local_logs_load_no_tensorflow(synthetic_run: Path) -> None:
    script = "; ".join(
        [
            "import sys",
            "from tb_nnhealth import read_run",
            f"[read_run(path) for path in ({str(synthetic_run)!r}, 'file://{synthetic_run}')]",
            "assert not {'tensorflow', 'keras'} & set(sys.modules)",
        ]
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_what_is_written_with_a_scheme_is_read_back(ram: str, tmp_path: Path) -> None:
    for log_dir in (f"{ram}/run1", tmp_path / "run1"):
        write_synthetic_run(log_dir, steps=20)
    local, remote = read_run(tmp_path / "run1"), read_run(f"{ram}/run1")
    assert (remote.name, remote.steps, remote.sampled_steps, remote.problems) == ("run1", 20, 20, ())
    assert Scorecard.from_run(remote).to_json() == Scorecard.from_run(local).to_json()


def test_runs_are_found_at_any_depth(ram: str, synthetic_run: Path) -> None:
    for name in ("a", "deep/er/c"):
        put(f"{ram}/{name}", synthetic_run)
    runs = {"a": f"{ram}/a", "deep/er/c": f"{ram}/deep/er/c"}
    assert find_runs(ram) == find_runs(f"{ram}/") == runs
    assert find_runs(f"{ram}/a") == find_runs(f"{ram}/a/health/") == {"a": f"{ram}/a"}
    for log_dir in (f"{ram}/a", f"{ram}/a/health", f"{ram}/deep"):
        assert_same_run(read_run(log_dir), read_run(synthetic_run))
    with pytest.raises(LogError, match=r"Expected one run\. Received: .* with 2 runs: a, deep/er/c"):
        read_run(ram)


def test_the_command_line_reads_it(ram: str, synthetic_run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(f"{ram}/a", synthetic_run)
    assert main(["export", ram, "--run", "a"]) == 0
    assert capfd.readouterr().out == Scorecard.from_logdir(synthetic_run).to_json()


def test_what_holds_no_run_is_one_sentence(ram: str, synthetic_run: Path) -> None:
    tf.io.gfile.makedirs(f"{ram}/empty")
    tf.io.gfile.makedirs(f"{ram}/foreign/train")
    with tf.io.gfile.GFile(f"{ram}/file", "w") as file:
        file.write("text")
    for name, received in {
        "missing": "which does not exist",
        "file": "which is not a directory",
        "empty": "an empty directory",
        "foreign": "a directory with none in it",
    }.items():
        for reading in (read_run, find_runs):
            with pytest.raises(LogError, match=rf"Expected .*Received: log_dir='{ram}/{name}', {received}$"):
                reading(f"{ram}/{name}")


def test_a_file_that_cannot_be_read_is_a_problem(
    ram: str, synthetic_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(f"{ram}/a", synthetic_run)

    def refuse(path: str, mode: str) -> None:
        raise tf.errors.PermissionDeniedError(None, None, "no access\nto the bucket")

    monkeypatch.setattr(tf.io.gfile, "GFile", refuse)
    with pytest.raises(
        LogError, match=r"Expected readable event files in .*Received: events.* cannot be read: no access"
    ):
        read_run(f"{ram}/a")


def test_a_scheme_that_nothing_reads_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "foo://bucket/run"]) == 2
    said = capfd.readouterr().err.splitlines()
    assert (
        len(said) == 1 and "Received: log_dir='foo://bucket/run', which cannot be read (File system scheme" in said[0]
    )
    done = in_a_process_without_tensorflow("from tb_nnhealth.cli import main", "sys.exit(main(['show', 'foo://b/r']))")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "log_dir='foo://b/r', which cannot be read (No recognized filesystem for prefix foo)" in done.stderr


def test_further_schemes_are_looked_for_where_tensorboard_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tensorflow_io.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match="File system scheme 'foo' not implemented"):
        Remote().names("foo://bucket")
    assert sys.modules.pop("tensorflow_io").__file__ == str(tmp_path / "tensorflow_io.py")


def test_without_tensorflow_tensorboards_own_file_systems_read_it(synthetic_run: Path) -> None:
    directory = f"{os.fspath(synthetic_run.parent)}/"
    done = in_a_process_without_tensorflow(
        "import os",
        "from tensorboard.compat.tensorflow_stub.io import gfile",
        "class Bucket(gfile.LocalFileSystem): pass",
        "def of_directory(method):",
        f"    local = lambda path: os.fsdecode(path).replace('bucket://', {directory!r})",
        "    return lambda self, path, *others: method(self, local(path), *others)",
        "for name in ('exists', 'isdir', 'listdir', 'read'):",
        "    setattr(Bucket, name, of_directory(getattr(gfile.LocalFileSystem, name)))",
        "gfile.register_filesystem('bucket', Bucket())",
        "from tb_nnhealth.reader import find_runs",
        "assert find_runs('bucket://') == {'run1': 'bucket://run1'}, find_runs('bucket://')",
        "from tb_nnhealth.cli import main",
        "sys.exit(main(['export', 'bucket://run1']))",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == Scorecard.from_logdir(synthetic_run).to_json()
