"""What documents take from the code stands in them, and a difference is told."""

from pathlib import Path

import pytest

from tb_nnhealth import vocabulary
from tb_nnhealth.rules import DIAGNOSES
from tools import generated

ROOT = Path(__file__).parents[2]
OLD = "# Title\n\n<!-- {0}:begin -->\nold\n<!-- {0}:end -->\n\nThe end.\n"
"""A document with an old part of that name."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which the README has an old table, and little else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / generated.STATIC / "views").mkdir(parents=True)
    (tmp_path / generated.STATIC / "app.js").write_text("import {a} from './views/a.js';\n", encoding="utf-8")
    (tmp_path / generated.STATIC / "views/a.js").write_text(
        "import {b} from './b.js';\nimport * as app from '../app.js';\n/** @type {import('./types.js').T} */\n",
        encoding="utf-8",
    )
    (tmp_path / generated.STATIC / "views/b.js").write_text("export const b = 1;\n", encoding="utf-8")
    generated.README.write_text(OLD.format("rules"), encoding="utf-8")
    generated.PROBES.write_text(OLD.format("probes"), encoding="utf-8")
    return tmp_path


def test_documents_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert generated.main(["--check"]) == 0


def test_differences_are_told_and_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generated.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "docs/statistics.md differs" in told
    assert "README.md differs" in told
    assert generated.README.read_text(encoding="utf-8") == OLD.format("rules")
    assert generated.main([]) == 0
    assert generated.main(["--check"]) == 0


def test_only_the_marked_part_of_the_readme_is_written(root: Path) -> None:
    text = generated.documents()[generated.README]
    assert text.startswith("# Title\n\n")
    assert text.endswith("\nThe end.\n")
    assert "\nold\n" not in text
    assert all(f"[{name}](docs/rules/{name}.md)" in text for name in DIAGNOSES)


def test_every_probe_stands_in_the_table_of_probes(root: Path) -> None:
    text = generated.documents()[generated.PROBES]
    probes = [name for name, diagnosis in DIAGNOSES.items() if diagnosis.rule.category == "preflight"]
    assert all(f"[{name}](rules/{name}.md)" in text for name in probes)


def test_modules_are_listed_once_whoever_imports_them(root: Path) -> None:
    listed = generated.modules_list(generated.STATIC, "app.js")
    assert listed.endswith("export const MODULES = [\n  './app.js',\n  './views/a.js',\n  './views/b.js',\n];\n")


def test_every_statistic_stands_on_its_page() -> None:
    page = generated.statistics_page()
    assert all(f"| `{name}` |" in page for name in vocabulary.STATISTICS)
    assert f"{vocabulary.HISTOGRAM_BINS} bins" in page
