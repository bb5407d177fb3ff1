"""What documents take from the code stands in them, and a difference is told."""

from pathlib import Path

import pytest

from tb_nnhealth import vocabulary
from tb_nnhealth.rules import DIAGNOSES
from tools import generated

ROOT = Path(__file__).parents[2]
OLD = f"# Title\n\n{generated.BEGIN}old\n{generated.END}\nThe end.\n"


def test_documents_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert generated.main(["--check"]) == 0


def test_differences_are_told_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    generated.README.write_text(OLD, encoding="utf-8")
    assert generated.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "docs/statistics.md differs" in told
    assert "README.md differs" in told
    assert generated.README.read_text(encoding="utf-8") == OLD
    assert generated.main([]) == 0
    assert generated.main(["--check"]) == 0


def test_only_the_marked_part_of_the_readme_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    generated.README.write_text(OLD, encoding="utf-8")
    text = generated.documents()[generated.README]
    assert text.startswith("# Title\n\n")
    assert text.endswith("\nThe end.\n")
    assert "\nold\n" not in text
    assert all(f"[{name}](docs/rules/{name}.md)" in text for name in DIAGNOSES)


def test_every_statistic_stands_on_its_page() -> None:
    page = generated.statistics_page()
    assert all(f"| `{name}` |" in page for name in vocabulary.STATISTICS)
    assert f"{vocabulary.HISTOGRAM_BINS} bins" in page
