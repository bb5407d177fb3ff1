"""The pictures of the documents: each view has one in both themes, and each is shown."""

from pathlib import Path

import pytest

pytest.importorskip("playwright")

from tools import pictures

ROOT = Path(__file__).parents[2]
FILES = {f"{picture.name}{suffix}.png" for picture in pictures.PICTURES for suffix in ("", "-dark")}
MOST_BYTES = 300_000


def test_pictures_are_those_that_the_script_takes():
    there = {path.name: path.stat().st_size for path in (ROOT / pictures.IMAGES).iterdir()}
    assert there.keys() == FILES
    assert max(there.values()) <= MOST_BYTES


def test_documents_show_each_picture():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", ROOT / "docs" / "health_tab.md"))
    assert [name for name in sorted(FILES) if f"images/{name}" not in text] == []


def test_without_a_browser_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(pictures, "CHROMIUM", None)
    assert pictures.main([]) == 2
    assert "Expected Chromium" in capsys.readouterr().err
