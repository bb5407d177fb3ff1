"""Galleries are read back, through each of the loaders, and nothing of a log is taken on trust."""

import base64
import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tb_nnhealth.reader.gallery import gallery_of
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.writer import HealthWriter
from tests.conftest import Way
from tests.synthetic import make_gallery, make_manifest, make_progress, make_tables


def write(run_dir: Path, payloads: dict[int, Any]) -> None:
    manifest = make_manifest()
    writer = HealthWriter(str(run_dir), manifest)
    for step in range(10):
        writer.write_sample(step, make_tables(manifest, step))
        if step in payloads:
            writer.write_json(metadata.GALLERY, step, payloads[step])
    writer.write_json(metadata.PROGRESS, 9, make_progress(writer, 10, finished=True))
    writer.close()


def test_what_was_written_is_read_by_each_loader(read: Way, tmp_path: Path) -> None:
    payloads = {4: make_gallery(0), 7: ["nonsense"], 8: {"examples": -3, "exhibits": []}, 9: make_gallery(1)}
    write(tmp_path / "run1", payloads)
    run = read(tmp_path / "run1")
    assert run.galleries.are_there and [(one.step, one.epoch, one.examples) for one in run.galleries] == [
        (4, 0, 3),
        (9, 1, 3),
    ]
    first = run.galleries[0]
    assert [exhibit.stage for exhibit in first.exhibits] == ["input", "first", "target", "prediction"]
    picture, numbers, target, predicted = first.exhibits
    assert (
        picture.kind == "picture"
        and picture.size == (5, 4)
        and (picture.low, picture.high) == picture.drawn == (0.0, 255.0)
    )
    assert Image.open(io.BytesIO(base64.b64decode(picture.values[0]))).size == (4, 5)
    assert np.isnan(numbers.values[1][0]) and numbers.columns == ("0", "1") and numbers.layer == "dense"
    assert target.values[2] == ((2, 1.0, "horse"),) and len(predicted.values[0]) == 3
    assert first.left_out == ("digit is drawn at 5 × 4 pixels of 50 × 40.",)
    assert run.problems == ()
    problems = run.galleries.problems
    assert [problem.partition(" is left out: ")[0] for problem in problems] == [
        "nnhealth/gallery at step 7",
        "nnhealth/gallery at step 8",
    ]
    assert all("xpected" in problem and "Received: " in problem for problem in problems)


def test_a_run_without_galleries(read: Way, tmp_path: Path) -> None:
    write(tmp_path / "run1", {})
    run = read(tmp_path / "run1")
    assert not run.galleries.are_there and not run.galleries and run.galleries.problems == ()


DAMAGE: list[tuple[str, Any]] = [
    ("stage", "elsewhere"), ("kind", "film"), ("kind", ["picture"]), ("values", None), ("values", ["aGVsbG8="] * 3),
    ("values", [7] * 3), ("values", ["<svg>"] * 3), ("values", []), ("size", [5]), ("size", ["a", "b"]),
    ("shape", [{}]), ("shape", [1e400]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), DAMAGE, ids=str)
def test_a_damaged_exhibit_is_left_out_and_told(key: str, value: Any) -> None:
    content = copy.deepcopy(make_gallery(0))
    content["exhibits"][0][key] = value
    gallery = gallery_of(content, 3)
    assert [exhibit.stage for exhibit in gallery.exhibits] == ["first", "target", "prediction"]
    assert gallery.left_out[-1] == "What the log has of digit is damaged."


@pytest.mark.parametrize("values", [[[1.0]] * 3, [[1.0, 2.0, 3.0]] * 3, [3.0] * 3, [[1.0] * 20_000] * 3, ["ab"] * 3])
def test_damaged_numbers(values: Any) -> None:
    content = copy.deepcopy(make_gallery(0))
    content["exhibits"][1]["values"] = values
    exhibits = gallery_of(content, 3).exhibits
    kept = [exhibit for exhibit in exhibits if exhibit.stage == "first"]
    assert all(np.isnan(row).all() for exhibit in kept for row in exhibit.values)


@pytest.mark.parametrize("content", [None, [], {}, {"exhibits": 3}, {"exhibits": [], "examples": True}, "x"])
def test_what_is_no_gallery(content: Any) -> None:
    with pytest.raises(ValueError, match=r"expected .* Received: "):
        gallery_of(content, 3)


def test_odd_facts_are_not_known_and_names_are_text() -> None:
    content = copy.deepcopy(make_gallery(0))
    content["exhibits"][0] |= {"low": "a", "high": None, "name": 7, "layer": ["x"], "nonfinite": "many", "columns": 3}
    content |= {"epoch": "first", "left_out": [None, "x"]}
    gallery = gallery_of(content, 3)
    shown = gallery.exhibits[0]
    assert np.isnan([shown.low, shown.high]).all() and (shown.name, shown.layer) == ("7", "['x']")
    assert gallery.epoch is None and gallery.left_out == ("None", "x") and shown.nonfinite == 0
