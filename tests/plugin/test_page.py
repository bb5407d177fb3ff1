"""What must hold of the page's files, whoever edits them."""

import ast
import hashlib
import inspect
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from tb_nnhealth import HealthCallback
from tb_nnhealth.plugin import plugin

STATIC = Path(plugin.__file__).parent / "static"
VENDOR = STATIC / "vendor"
OURS = sorted(path for path in STATIC.rglob("*.js") if VENDOR not in path.parents)
THEMES = ("light", "dark")
TEXT_COLOURS = ("text", "dim", "accent", "error", "warning", "info", "pass", "no_data")


def test_vendored_files_are_those_that_were_published():
    lines = [line for line in (VENDOR / "SHA256SUMS").read_text().splitlines() if not line.startswith("#")]
    sums = dict(reversed(line.split()) for line in lines)
    assert set(sums) == {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS"}
    for name, expected in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == expected


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_module_is_typed_and_builds_no_markup_from_text(path):
    code = path.read_text(encoding="utf-8")
    assert code.startswith("// @ts-check\n")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", code)
    for imported in re.findall(r"from '([^']+)'", code):
        assert imported.startswith("."), "only relative modules pass TensorBoard's content policy"
        assert (path.parent / imported).is_file()


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_module_names_no_other_host(path):
    addresses = re.findall(r"https?://[^'\"\s]+", path.read_text(encoding="utf-8"))
    assert set(addresses) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.relative_to(STATIC).as_posix())
def test_module_links_to_no_fragment(path):
    """Below TensorBoard's base address such a link leaves the page."""
    assert not re.search(r"""(href|xlink:href)['"]?\s*[:=,]\s*['"`]#""", path.read_text(encoding="utf-8"))


def colours(theme: str) -> dict[str, tuple[int, ...]]:
    css = (STATIC / "style.css").read_text(encoding="utf-8")
    block = re.search(
        r":root\[data-theme='dark'\] \{(.*?)\}" if theme == "dark" else r":root \{(.*?)\}", css, re.DOTALL
    )
    assert block
    found = re.findall(r"--([\w-]+): #([0-9a-f]{3,6});", block[1])
    return {name: tuple(int(c * (6 // len(value)), 16) for c in re.findall("." * (len(value) // 3), value))
            for name, value in found}  # fmt: skip


def luminance(colour: tuple[int, ...]) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_text_can_be_read(theme, name):
    palette = colours(theme)
    for ground in ("card", "sunk", "ground"):
        dark, light = sorted((luminance(palette[name]), luminance(palette[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}"


SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}  # fmt: skip
"""What linear colours become (Machado, Oliveira and Fernandes, 2009)."""


def lab(linear: np.ndarray) -> np.ndarray:
    """Returns the CIE L*a*b* of a linear RGB colour."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear.clip(0, 1)
    x, y, z = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 1e-4))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_lines_can_be_told_apart_by_colour(theme, sight):
    found = colours(theme)
    lines = [found[f"line-{place}"] for place in range(1, 7)]
    linear = [np.array([c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in line])
              for line in lines]  # fmt: skip
    seen = [lab(np.array(SIGHTS[sight]) @ colour) for colour in linear]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 15
    ground = luminance(found["card"])
    for line in lines:
        dark, light = sorted((luminance(line), ground))
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_each_call_that_the_page_tells_people_to_make_is_one_that_works():
    told = [call for path in OURS for call in re.findall(r"HealthCallback\([^()]*\)", path.read_text())]
    assert len(told) >= 2
    for call in told:
        made = ast.parse(call, mode="eval").body
        assert isinstance(made, ast.Call)
        names = {word.arg: ... for word in made.keywords}
        inspect.signature(HealthCallback).bind(*made.args, **names)
