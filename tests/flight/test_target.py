"""What the command line is given as a function: found, or told in a sentence what is wrong."""

import sys

import pytest

from tb_nnhealth.flight.target import made
from tb_nnhealth.output import BadUse

SOURCE = """
def pair(): return "model", ("x", "y")
def three(): return "model", "train", "validation"
def table(): return {"model": "model", "train_data": "train"}
def texts(): return {"model": "model", "train_data": "train", "vocabulary": ["", "the"]}
def default(size=3): return "model", size
def needs(size): return "model", size
def fails(): return 1 / 0
def nothing(): pass
def strange(): return {"model": 1, "data": 2}
def flat():
    import numpy
    return "model", numpy.zeros(3), numpy.zeros(3)
value = 3
def far(): raise ValueError("Exception encountered when calling Far.\\n\\n\\x1b[1mIt is far.\\x1b[0m\\n\\nArguments: …")
def leaves():
    import sys
    sys.exit(0)
def quits(): raise SystemExit
def alone(): return "model",
def four(): return ["model", "x", "y", "z"]
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    (tmp_path / "making.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("import nowhere_at_all")
    (tmp_path / "leaving.py").write_text("import sys\nsys.exit(0)")
    (tmp_path / "parsing.py").write_text("import argparse\nargparse.ArgumentParser().parse_args(['--no-such'])")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "making", raising=False)
    monkeypatch.setattr("sys.path", ["/nowhere", *__import__("sys").path])
    return tmp_path


@pytest.mark.parametrize("place", ["making", "making.py", "./making.py"])
def test_a_module_and_a_file_are_found(source, place):
    assert made(f"{place}:pair") == {"model": "model", "train_data": ("x", "y")}


def test_each_form_of_result_is_taken(source):
    assert made("making.py:three")["validation_data"] == "validation"
    assert made("making.py:table") == {"model": "model", "train_data": "train"}
    assert made("making.py:texts")["vocabulary"] == ["", "the"]
    assert made("making.py:default") == {"model": "model", "train_data": 3}


@pytest.mark.parametrize(
    "target, told",
    [
        ("making", "Expected MODULE:FUNCTION"),
        ("making:", "Expected MODULE:FUNCTION"),
        ("./making.py:pair:x", "Expected MODULE:FUNCTION"),
        ("making:pair:x", "Expected MODULE:FUNCTION"),
        (".making:pair", "Expected MODULE:FUNCTION"),
        ("./making:pair", "Expected MODULE:FUNCTION"),
        ("making.py:alone", "Received: a tuple of 1"),
        ("making.py:four", "Received: a list of 4"),
        ("missing:pair", "No module named 'missing'"),
        ("missing.py:pair", "no file missing.py"),
        ("broken.py:pair", "nowhere_at_all"),
        ("making.py:pare", "which has pair, three"),
        ("making.py:value", "which has pair"),
        ("making.py:needs", "without arguments"),
        ("making.py:fails", "ZeroDivisionError: division by zero (line 8 of"),
        ("making.py:far", "which gives ValueError: It is far (line 15 of"),
        (
            "making.py:leaves",
            "that returns. Received: making.py:leaves, which gives SystemExit: 0 (line 18 of",
        ),
        ("making.py:quits", "which gives SystemExit (line"),
        ("leaving.py:pair", "can be imported. Received: leaving.py, which gives SystemExit: 0 (line 2 of"),
        ("parsing:pair", "can be imported. Received: parsing, which gives SystemExit: 2 (line"),
        ("making.py:flat", "as (model, (x, y))"),
        ("making.py:nothing", "Received: NoneType"),
        ("making.py:strange", "Received: model, data"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(source, target, told):
    with pytest.raises(BadUse) as error:
        made(target)
    assert told in str(error.value) and "\n" not in str(error.value)
