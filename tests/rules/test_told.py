"""How messages tell what a number of theirs is."""

import ast
from pathlib import Path

import pytest

from tb_nnhealth import rules
from tb_nnhealth.rules._told import of_norm, taken_over


@pytest.mark.parametrize(
    ("which", "count", "point", "told"),
    [
        ("first", 3, "sample", "median of the first 3 samples"),
        ("last", 1234, "sample", "median of the last 1,234 samples"),
        ("last", 1, "sample", "last sample"),
        ("first", 1, "epoch", "mean of the first epoch"),
        ("last", 4, "epoch", "median of the last 4 epochs' means"),
    ],
)
def test_what_a_loss_is_taken_over(which, count, point, told):
    assert taken_over(which, count, point) == told


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (2.0014616318836736e16, "2e16 times its norm"),
        (12.0, "12 times its norm"),
        (3.0, "300 % of its norm"),
        (0.0123, "1.23 % of its norm"),
        (4.2e-10, "4.2e-10 of its norm"),
    ],
)
def test_a_change_relative_to_a_norm(ratio, told):
    assert of_norm(ratio) == told


OTHERS = ("pages.py",)
MODULES = [path for path in sorted(Path(rules.__file__).parent.glob("*.py")) if path.name not in OTHERS]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_numbers_of_messages_go_through_one_formatter(module):
    parts = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.FormattedValue)]
    assert [ast.unparse(part) for part in parts if part.format_spec is not None] == []
