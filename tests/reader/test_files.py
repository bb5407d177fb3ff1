"""Log directories: finding runs, bad input, corrupt files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tb_nnhealth.reader import LogError, files, find_runs, provider_runs, read_provider, read_run
from tests.loaders import CONTEXT, EXPERIMENT, LOADERS, assert_same_run
from tests.synthetic import write_synthetic_run


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of three runs at different depths, beside event files of Keras."""
    logs = tmp_path_factory.mktemp("logs")
    for name in ("a", "b", "deep/er/c"):
        write_synthetic_run(logs / name, steps=3)
    (logs / "a" / "train").mkdir()
    (logs / "a" / "train" / "events.out.tfevents.1.host").write_bytes(b"")
    (logs / "none" / "health").mkdir(parents=True)
    return logs


def test_runs_are_found_at_any_depth(logs: Path) -> None:
    assert find_runs(logs) == {"a": str(logs / "a"), "b": str(logs / "b"), "deep/er/c": str(logs / "deep/er/c")}
    assert find_runs(str(logs / "deep")) == {"er/c": str(logs / "deep/er/c")}


def test_a_run_and_its_health_directory_are_the_run(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_runs(logs / "a") == find_runs(logs / "a" / "health") == {"a": str(logs / "a")}
    monkeypatch.chdir(logs / "a")
    assert find_runs(".") == {"a": str(logs / "a")}
    for log_dir in (".", "health", logs / "a", f"{logs}/a/", logs / "a" / "health"):
        assert read_run(log_dir).name == "a"


def test_a_run_that_holds_others_is_itself(tmp_path: Path) -> None:
    write_synthetic_run(tmp_path / "run", steps=2)
    write_synthetic_run(tmp_path / "run" / "again", steps=2)
    assert list(find_runs(tmp_path)) == ["run", "run/again"]
    assert read_run(tmp_path / "run").name == "run"


def test_a_run_within_a_run_of_its_name_is_found_too(tmp_path: Path) -> None:
    outer, inner = tmp_path / "r", tmp_path / "r" / "r"
    write_synthetic_run(outer, steps=2)
    write_synthetic_run(inner, steps=3)
    assert find_runs(tmp_path) == {"r": str(outer), "r/r": str(inner)}
    assert find_runs(outer) == {".": str(outer), "r": str(inner)}
    assert read_run(outer).steps == 2


def test_links_are_followed_and_may_form_a_ring(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(logs / "a", target_is_directory=True)
    (tmp_path / "ring").symlink_to(tmp_path, target_is_directory=True)
    assert find_runs(tmp_path) == {"linked": str(tmp_path / "linked")}


def test_several_runs_are_named(logs: Path) -> None:
    with pytest.raises(LogError, match=r"Expected one run\. Received: .* with 3 runs: a, b, deep/er/c"):
        read_run(logs)


def make_missing(path: Path) -> None:
    pass


def make_file(path: Path) -> None:
    path.write_text("")


def make_empty(path: Path) -> None:
    path.mkdir()


def make_foreign(path: Path) -> None:
    (path / "train").mkdir(parents=True)
    (path / "train" / "events.out.tfevents.1.host").write_bytes(b"")


def make_hollow(path: Path) -> None:
    (path / "health").mkdir(parents=True)
    (path / "health" / "events.out.tfevents.1.host").write_bytes(b"")


def make_text(path: Path) -> None:
    (path / "health").mkdir(parents=True)
    (path / "health" / "events.out.tfevents.1.host").write_bytes(b"This is a text and no event file at all.")


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (make_missing, "which does not exist"),
        (make_file, "which is not a directory"),
        (make_empty, "an empty directory"),
        (make_foreign, "a directory with none in it"),
        (make_hollow, "no manifest yet"),
        (make_text, "events.out.tfevents.1.host is corrupt at byte 0"),
    ],
)
def test_a_log_directory_without_a_run_is_one_sentence(make, received: str, tmp_path: Path) -> None:
    make(tmp_path / "logs")
    with pytest.raises(LogError, match=rf"Expected .*Received: .*{received}") as caught:
        read_run(tmp_path / "logs")
    assert "\n" not in str(caught.value)


def test_a_name_that_no_directory_can_have() -> None:
    with pytest.raises(LogError, match=r"Received: log_dir='a\\x00b'"):
        find_runs("a\0b")


def test_unreadable_directories_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_synthetic_run(tmp_path / "run", steps=2)

    def refuse(name: str):
        scandir = os.scandir

        def refusing(path):
            if Path(path).name == name:
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        return refusing

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse("run"))
        with pytest.raises(LogError, match=r"Received: .*which cannot be read \(Permission denied\)"):
            read_run(tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse("health"))
        patch.setattr(files, "_event_files", lambda *arguments: [])
        with pytest.raises(LogError, match=r"in which .*health cannot be read \(Permission denied\)"):
            read_run(tmp_path / "run")


def test_an_unreadable_directory_beside_runs_is_told_once(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(call):
        def refuse(path):
            if Path(path) == logs / "b" / "health":
                raise PermissionError(13, "Permission denied", str(path))
            return call(path)

        return refuse

    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    told: list[str] = []
    assert list(find_runs(logs, told.append)) == ["a", "deep/er/c"]
    assert told == [f"{logs / 'b' / 'health'} cannot be read (Permission denied)"]


def test_an_empty_name_is_no_log_directory() -> None:
    for read in (find_runs, read_run):
        with pytest.raises(LogError, match=r"^Expected a log directory\. Received: ''$"):
            read("")


def test_an_unreadable_file_is_a_problem_and_not_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_synthetic_run(tmp_path / "run", steps=3)
    write_synthetic_run(tmp_path / "run", steps=3, start_step=3)
    first, second = sorted((tmp_path / "run" / "health").iterdir())
    read_bytes = Path.read_bytes

    def refuse(*refused: Path):
        def refusing(path: Path) -> bytes:
            if path in refused:
                raise PermissionError(13, "Permission denied", str(path))
            return read_bytes(path)

        return refusing

    monkeypatch.setattr(Path, "read_bytes", refuse(second))
    run = read_run(tmp_path / "run")
    assert run.steps == 3 and run.problems == (f"{second.name} cannot be read: Permission denied",)
    monkeypatch.setattr(Path, "read_bytes", refuse(first, second))
    with pytest.raises(LogError, match="Permission denied"):
        read_run(tmp_path / "run")


def corrupt_in_the_middle(run_dir: Path) -> tuple[Path, int]:
    """Flips a byte within the data of a record in the middle of the first file; returns where that record begins."""
    path = min((run_dir / "health").iterdir())
    data = bytearray(path.read_bytes())
    offset = 0
    while offset < len(data) // 2:
        offset += int.from_bytes(data[offset : offset + 8], "little") + 16
    data[offset + 40] ^= 0xFF
    path.write_bytes(bytes(data))
    return path, offset


def test_corrupt_in_the_middle_keeps_what_stands_before_and_the_next_file(tmp_path: Path) -> None:
    run_dir = tmp_path / "logs" / "run1"
    write_synthetic_run(run_dir, steps=40)
    write_synthetic_run(run_dir, steps=3, start_step=40)
    whole = read_run(run_dir)
    path, offset = corrupt_in_the_middle(run_dir)
    run = read_run(run_dir)
    assert run.problems == (
        f"{path.name} is corrupt at byte {offset}: expected a record whose data matches its checksum; "
        "the rest of the file is left out",
    )
    kept = len(run.variables.steps) - 3
    assert 10 < kept < 30
    np.testing.assert_array_equal(run.variables.values[:kept], whole.variables.values[:kept])
    assert run.variables.steps[-3:].tolist() == [40, 41, 42] and run.steps == 43


def test_corrupt_length_is_told(tmp_path: Path) -> None:
    write_synthetic_run(tmp_path, steps=4)
    path = next((tmp_path / "health").iterdir())
    data = bytearray(path.read_bytes())
    offset = 16 + int.from_bytes(data[:8], "little")
    offset += 16 + int.from_bytes(data[offset : offset + 8], "little")
    data[offset] ^= 0xFF
    path.write_bytes(bytes(data))
    run = read_run(tmp_path)
    assert run.samples == 0
    assert f"corrupt at byte {offset}: expected a record whose length matches" in run.problems[0]


@pytest.mark.parametrize("loader", LOADERS)
def test_loaders_survive_a_corrupt_file(loader: str, tmp_path: Path) -> None:
    write_synthetic_run(tmp_path / "run1", steps=40)
    corrupt_in_the_middle(tmp_path / "run1")
    with LOADERS[loader](tmp_path) as provider:
        assert provider_runs(provider, CONTEXT, EXPERIMENT) == ["run1/health"]
        run = read_provider(provider, CONTEXT, EXPERIMENT, "run1/health")
    assert run.steps > 10 and run.name == "run1"


def test_every_cut_of_a_file_gives_a_run_or_one_sentence(tmp_path: Path) -> None:
    write_synthetic_run(tmp_path / "run", steps=2, variables=["dense/kernel"])
    path = next((tmp_path / "run" / "health").iterdir())
    data = path.read_bytes()
    samples = set()
    for size in range(0, len(data), 97):
        path.write_bytes(data[:size])
        try:
            run = read_run(tmp_path / "run")
        except LogError as error:
            assert "no manifest yet" in str(error)
        else:
            assert run.problems == ()
            samples.add(run.samples)
    assert samples == {0, 1, 2}


def test_flipped_bytes_that_no_checksum_catches_give_a_run_or_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorBoard's fast loader checks no checksum of the data: whatever stands there must be survived."""
    monkeypatch.setattr(files, "_matches", lambda data, checksum: True)
    write_synthetic_run(tmp_path / "run", steps=4)
    path = next((tmp_path / "run" / "health").iterdir())
    data = path.read_bytes()
    random = np.random.default_rng(0)
    read = 0
    for _ in range(300):
        flipped = bytearray(data)
        for place in random.integers(0, len(data), 5):
            flipped[place] ^= int(random.integers(1, 256))
        path.write_bytes(bytes(flipped))
        try:
            read += read_run(tmp_path / "run").name is not None
        except LogError as error:
            assert "Received: " in str(error)
    assert read > 10


def test_a_moved_run_keeps_its_name(synthetic_run: Path, tmp_path: Path) -> None:
    before = read_run(synthetic_run)
    shutil.move(synthetic_run, tmp_path / "elsewhere")
    assert_same_run(read_run(tmp_path / "elsewhere"), before)
    assert before.name == "run1"


def test_reading_needs_no_tensorflow(synthetic_run: Path) -> None:
    code = (
        "import sys; from tb_nnhealth.reader import read_run; assert read_run(sys.argv[1]).steps == 20;"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(synthetic_run)], check=True)
