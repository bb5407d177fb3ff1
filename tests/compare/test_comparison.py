"""What a comparison says to people and programs."""

import dataclasses
import json

import pytest

from tb_nnhealth.compare.comparison import Comparison, Row

SAME = Row("output", "dense", "fc1", 1e-7, 1e-7, 1e-6, 0.1)
WRONG = Row("output", "<b>head</b>", "fc2", 0.5, 0.25, 1e-6, 5e5)
ONLY = Row("weights", "", "fc1/bias", float("nan"), float("nan"), 0.0, float("inf"), "only the reference has it")


def comparison(*rows, hint=""):
    return Comparison(rows, ("drop",), (), "float32", hint)


def test_models_that_are_the_same():
    told = comparison(SAME)
    assert told.same and told.first is None
    assert str(told).startswith("The models are the same at 1 place, within what rounding in float32 explains.")
    assert "Not compared, of ours: drop" in str(told)


def test_the_first_difference():
    told = comparison(SAME, WRONG, dataclasses.replace(WRONG, ours="later"), hint="A hint.")
    assert told.first is WRONG and not told.same
    assert told.summary() == (
        "They differ first at <b>head</b> (the reference's fc2): by up to 0.5, 25 % of the largest value, where "
        "rounding in float32 explains 1e-6. A hint."
    )


@pytest.mark.parametrize("relative, told", [(1.5, "150 % of"), (9.0, "9 times")])
def test_differences_beyond_the_largest_value_are_told_as_multiples(relative, told):
    row = dataclasses.replace(WRONG, relative=relative)
    assert f"by up to 0.5, {told} the largest value, where" in comparison(row).summary()


@pytest.mark.parametrize(
    "stage, is_of_weight, opening",
    [
        ("weights", True, "The weights already differ at x: "),
        ("state", False, "The outputs agree, the moving statistics differ after it at x: "),
        ("loss", False, "The outputs agree, the losses differ at x: "),
        ("gradient", True, "Forwards they agree; the first gradient that differs is that of x: "),
        ("gradient", False, "Forwards they agree; the first gradient that differs is that into x: "),
    ],
)
def test_each_stage_has_its_words(stage, is_of_weight, opening):
    row = Row(stage, "x", "x", 1.0, 1.0, 1e-6, 1e6, is_of_weight=is_of_weight)
    assert comparison(row).summary().startswith(opening)


def test_the_page_of_a_notebook_is_escaped():
    page = comparison(SAME, WRONG)._repr_html_()
    assert "&lt;b&gt;head" in page and "<b>head" not in page
    assert page.count("<tr") == 3 and "#b00020" in page


def test_weights_that_are_the_same_are_left_out_of_tables_only():
    row = dataclasses.replace(SAME, stage="weights", ours="dense/kernel")
    told = comparison(row, ONLY, SAME)
    assert "dense/kernel" not in str(told) and "fc1/bias" in str(told)
    assert "dense/kernel" not in told._repr_html_()
    assert [one["ours"] for one in told.to_dict()["rows"]] == ["dense/kernel", "", "dense"]


def test_it_can_be_written_as_json():
    told = comparison(ONLY, SAME).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["first"]["note"] == "only the reference has it" and told["first"]["ratio"] is None
    assert told["same"] is False and told["rows"][1]["same"] is True


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        comparison().rows = ()
