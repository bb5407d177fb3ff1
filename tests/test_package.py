"""The package as it is installed: its metadata, what it holds and imports, and what its README says of it."""

import ast
import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import tb_nnhealth
from tb_nnhealth.cli import _parser

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

HEAVY = ("tensorflow", "keras", "pandas", "matplotlib", "sklearn")


def test_public_names_are_listed() -> None:
    assert dir(tb_nnhealth) == sorted(tb_nnhealth.__all__)
    assert {
        "Comparison",
        "HealthCallback",
        "HealthError",
        "HealthRun",
        "HealthWarning",
        "LogError",
        "PreflightReport",
        "Scorecard",
        "preflight",
        "compare_models",
        "read_run",
        "__version__",
    } == set(tb_nnhealth.__all__)


@pytest.mark.parametrize("name", ["Comparison", "HealthRun", "Scorecard", "__version__", "read_run"])
def test_public_names_that_need_no_tensorflow_are_there(name: str) -> None:
    assert getattr(tb_nnhealth, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'HealthCalback'"):
        _ = tb_nnhealth.HealthCalback


@pytest.mark.parametrize(
    "statement",
    [
        "import tb_nnhealth",
        "import tb_nnhealth.plugin.loader",
        "import tb_nnhealth.plugin.plugin",
        "import tb_nnhealth.cli, tb_nnhealth.terminal",
        "from tb_nnhealth import HealthRun, Scorecard, read_run",
        "import tb_nnhealth.summary.metadata",
    ],
)
def test_reading_side_imports_no_tensorflow(statement: str) -> None:
    # TensorBoard's own modules import TensorFlow where it is installed: here it is not.
    code = f"import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n{statement}"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("statement", ["import tb_nnhealth", "import tb_nnhealth.plugin.loader"])
def test_import_is_light(statement: str) -> None:
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


LAYERS = (
    ("vocabulary", "records", "pairing", "version"),
    ("summary", "statistics"),
    ("reader", "instrument", "rules"),
    ("engine", "causes", "scorecard", "diff", "configuration", "project"),
    ("faces", "terminal"),
    ("report", "junit", "sarif"),
    ("flight",),
    ("plugin", "commands", "cli"),
)
"""Parts of the package in the order in which they may import: a part none of a line below its own."""


@pytest.mark.parametrize("part", [part for line in LAYERS for part in line if part != "instrument"])
def test_imports_run_one_way(part: str) -> None:
    (level,) = (index for index, line in enumerate(LAYERS) if part in line)
    later = {f"tb_nnhealth.{other}" for line in LAYERS[level + 1 :] for other in line}
    root = ROOT / "tb_nnhealth"
    for path in [*root.glob(f"{part}.py"), *root.glob(f"{part}/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found = [name for name in names if name and ".".join(name.split(".")[:2]) in later]
            assert found == [], path


def test_metadata_names_what_is_needed() -> None:
    about = metadata.metadata("tb_nnhealth")
    assert about["Version"] == tb_nnhealth.__version__
    assert about["Requires-Python"] == ">=3.10"
    assert about.get_all("Provides-Extra") == ["train", "demo", "test"]
    required = {re.split(r"[<>=!;\[ ]", line)[0].lower() for line in _requires() if "extra ==" not in line}
    assert {"numpy", "tensorboard"} <= required
    assert not {"tensorflow", "keras"} & required
    assert any(line.startswith("tensorboard>=2.16") for line in _requires())
    assert any(re.match(r"tensorflow>=2.16; extra == .train.", line) for line in _requires())


def test_entry_points_can_be_loaded() -> None:
    own = metadata.distribution("tb_nnhealth").entry_points
    assert {(point.group, point.name) for point in own} == {
        ("console_scripts", "nnhealth"),
        ("tensorboard_plugins", "nnhealth"),
    }
    assert all(callable(point.load()) for point in own)


def test_license_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text


def test_files_linked_from_readme_exist() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README)]
    assert len(links) > 12
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_commands_of_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"^make ([a-z]+)", README, re.M)) <= targets
    commands = re.findall(r"^nnhealth ([a-z].*?)(?: +#.*)?$", README, re.M)
    assert len(commands) == 11
    for command in commands:
        assert _parser().parse_args(shlex.split(command))
    for module in set(re.findall(r"python -m (demo\S*|tb_nnhealth\S*)", README)):
        path = ROOT / module.strip("`").replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_options_of_readme_are_those_of_the_callback() -> None:
    section = README.partition("## Options of `HealthCallback`")[2].partition("\n## ")[0]
    cells = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    told = [(name, default.strip(" `")) for names, default in cells for name in re.findall(r"`(\w+)`", names)]
    source = (ROOT / "tb_nnhealth" / "instrument" / "callback.py").read_text(encoding="utf-8")
    signature = re.search(r"def __init__\(\n        self,\n(.*?)\n    \)", source, re.S)
    assert signature
    taken = re.findall(r"^ +(\w+): [^=\n]+?(?: = (.+?))?,$", signature[1], re.M)
    assert told == taken


@pytest.mark.slow
def test_code_of_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = pytest.importorskip("keras")
    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).random((64, 4), np.float32), np.zeros((64, 1), np.float32)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    names = {"model": model, "x": x, "y": y, "x_val": x, "y_val": y, "ours": model, "reference": model}
    first, later, before, settings, compared = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    exec(first, names)
    assert capsys.readouterr().out.endswith(names["health"].scorecard.to_json() + "\n")
    assert eval(later, names) == names["health"].scorecard.to_json()
    exec(before, names)
    assert capsys.readouterr().out.startswith("preflight ") and names["report"].run.probes
    assert set(eval(settings, names).settings.limits["dead-units"]) == {"warning", "ignore"}
    capsys.readouterr()
    exec(compared, names)
    assert capsys.readouterr().out.startswith("The models are the same")


@pytest.mark.slow
def test_wheel_and_sdist_hold_what_they_should(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tb_nnhealth").rglob("*") if _belongs(path)}
    inside = {name for name in names if not name.partition("/")[0].endswith(".dist-info")}
    assert inside == package
    assert any(name.endswith("LICENSE") for name in names - inside)
    with tarfile.open(sdist) as archive:
        members = {name.partition("/")[2] for name in archive.getnames()}
    assert package | {"LICENSE", "README.md", "CHANGELOG.md", "setup.py", "pyproject.toml"} <= members


def _requires() -> list[str]:
    return metadata.requires("tb_nnhealth") or []


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


@pytest.mark.slow
@pytest.mark.parametrize("name", ["HealthCallback", "compare_models"])
@pytest.mark.parametrize("missing", ["tensorflow", "keras"])
def test_a_missing_backend_is_said_in_one_sentence(missing, name):
    program = f"import sys; sys.modules[{missing!r}] = None\nfrom tb_nnhealth import {name}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert f"ImportError: {name} expects TensorFlow" in done.stderr
