"""train-validation-shift: what differs between training and validation data."""

import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "train-validation-shift"


def told(**values):
    return with_probe(
        RULE,
        **{
            "examples": 1000,
            "among": 1000,
            "held": 200,
            "common": 0,
            "may_coincide": False,
            "are_rows": True,
            **values,
        },
    )


def columns(factor, shift=(0.0, 0.0, 0.0, 0.0), p=0.0005, width=(1.0, 1.0, 1.0, 1.0), series=False, **more):
    n = len(factor)
    values = {
        "columns": list(range(n)),
        "factor": list(factor),
        "shift": list(shift),
        "width": list(width),
        "p": [p] * n,
    }
    return told(inputs=[{"name": "x", "fits": True, "shape": [n], "held_shape": [n], **values, **more}], series=series)


def alike(factor, summand=0.0, centers=(0.0, 2.0, -1.0, 0.0, 1.0), **more):
    """Columns of the width 1 that are all multiplied, and have something added."""
    shift = [(factor - 1) * center + summand for center in centers]
    return columns([factor] * len(centers), shift, width=[1.0] * len(centers), center=list(centers), **more)


def channels(mirrored, effect, p=0.0005):
    return columns([1.0] * 4, channels={"mirrored": mirrored, "effect": effect, "p": p})


def classes(**values):
    return told(targets=[{"name": "kind", "kind": "classes", "classes": 10, "apart": 0.05, "p_apart": 0.4, **values}])


LIMITS = {
    "factor": (columns([3.0] * 4), 4.0),
    "shift": (columns([1.0] * 4, [1.5] * 4), 2.0),
    "columns": (columns([3.0, 3.0, 3.0, 1.0]), 0.8),
    "alike": (alike(0.55), 3.0),
    "column": (columns([1.0, 1.0, 20.0, 1.0]), 30.0),
    "channels": (channels(-1.0, 0.8), 0.9),
    "apart": (classes(apart=0.3, p_apart=0.0005), 0.4),
    "common": (told(common=10), 0.1),
    "p": (columns([3.0] * 4), 1e-4),
}


def severities(run):
    return [finding.severity for finding in findings(RULE, run)]


def test_what_is_no_number_is_no_all_clear():
    (found,) = findings(RULE, told(nonfinite=2, held_nonfinite=0))
    assert (found.severity, found.message) == (
        "info",
        "NaN and infinity, in 2 of 1,000 examples of training and 0 of 200 of validation, were compared as zeros.",
    )
    assert severities(told(nonfinite=0, held_nonfinite=3)) == ["info"]
    assert severities(told(nonfinite=0, held_nonfinite=0)) == []


def test_like_data_passes():
    assert findings(RULE, columns([1.1, 0.9, 1.0, 1.2], [0.1, -0.2, 0.0, 0.3], p=0.2)) == ()


def test_what_chance_may_do_is_not_told():
    assert findings(RULE, columns([300.0] * 4, [9.0] * 4, p=0.01)) == ()


def test_another_preparation_of_most_columns_is_a_warning_that_knows_pixels():
    (finding,) = findings(RULE, columns([1 / 255] * 4, [-2.0] * 4))
    assert (finding.severity, finding.tensor) == ("warning", "input/x")
    assert "0.00392 times as wide, as of pixels of 0 to 255 beside those of 0 to 1" in finding.message
    assert severities(columns([1.0, 1.0, 1.0, 1.0], [1.5, 0.0, 0.0, 0.0])) == ["info"]


@pytest.mark.parametrize(
    "factor, summand, told",
    [
        (0.5, 1.0, "0.5 × training + 1."),
        (0.55, -1.2, "0.55 × training − 1.2."),
        (1.9, 0.05, "1.9 × training."),
        (0.9, 2.0, "0.9 × training + 2."),
        (255.0, 0.0, "255 × training, as of pixels of 0 to 255 beside those of 0 to 1."),
    ],
)
def test_columns_that_differ_alike_are_a_warning_that_says_how(factor, summand, told):
    (finding,) = findings(RULE, alike(factor, summand))
    assert finding.severity == "warning" and finding.tensor == "input/x"
    assert finding.message == f"5 of 5 columns differ alike: validation is about {told}"


def test_columns_differ_alike_only_where_nearly_all_of_them_do_by_the_same():
    assert severities(alike(0.6)) == severities(alike(1.0, 0.9)) == severities(alike(0.5, p=0.01)) == []
    assert severities(alike(0.55, centers=(0.0, 0.0, 0.0, 0.0))) == []
    apart = columns([0.55, 1.7, 0.6, 1.65, 0.58], [0.0] * 5, width=[1.0] * 5, center=[0.0] * 5)
    assert severities(apart) == []
    assert severities(alike(0.55, series=True)) == ["info"] and severities(alike(0.05, series=True)) == ["warning"]


def test_one_column_in_another_unit_is_a_warning_but_not_noise_that_was_added_to_a_narrow_one():
    assert severities(columns([1.0, 1.0, 1000.0, 1.0])) == ["warning"]
    assert severities(columns([1.0, 1.0, 0.001, 1.0])) == ["warning"]
    assert severities(columns([1.0, 1.0, 0.001, 1.0], width=(1.0, 1.0, 0.2, 1.0))) == ["info"]
    assert severities(columns([1.0, 1.0, 0.001, 1.0], width=(1.0, 50.0, 0.2, 1.0))) == ["warning"]


def test_single_columns_are_not_told_of_what_may_be_pixels():
    assert severities(columns([1.0, 1.0, 1000.0, 1.0], alike=True)) == ["info"]
    still = {"column": 2, "side": "validation", "p": 1e-9, "width": 1.0}
    assert severities(columns([1.0] * 4, constant=[still], alike=True)) == []
    assert severities(columns([255.0] * 4, alike=True)) == ["warning"]


def test_a_later_part_of_a_series_may_be_elsewhere_but_not_in_another_unit():
    assert severities(columns([1.5] * 4, [3.0] * 4, series=True)) == ["info"]
    assert severities(columns([1 / 255] * 4, [-2.0] * 4, series=True)) == ["warning"]


def test_swapped_channels_are_a_warning():
    assert severities(channels(-0.9, 0.8)) == ["warning"]
    for mirrored, effect, p in ((0.1, 0.8, 0.0005), (-0.9, 0.2, 0.0005), (-0.9, 0.8, 0.1)):
        assert severities(channels(mirrored, effect, p)) == []


def test_columns_of_one_value_are_a_warning_where_that_is_no_chance():
    def still(p, width):
        return columns([1.0] * 4, constant=[{"column": 2, "side": "validation", "p": p, "width": width}])

    (finding,) = findings(RULE, still(1e-9, 1.0))
    assert finding.severity == "warning" and "In validation some columns have one value" in finding.message
    assert findings(RULE, still(0.2, 1.0)) == findings(RULE, still(1e-9, 0.1)) == ()


def test_classes_of_one_side_only():
    (finding,) = findings(RULE, classes(new=["7", "8"], new_p=[1e-9, 0.3]))
    assert finding.message == "Classes of validation are missing in training: 7."
    assert severities(classes(missing=["7"], missing_p=[1e-9], new=["8"], new_p=[1e-9])) == ["warning", "warning"]
    assert severities(classes(missing=["7"], missing_p=[0.2])) == []
    assert severities(classes(apart=0.3, p_apart=0.0005)) == ["info"]


def test_examples_in_both():
    (finding,) = findings(RULE, told(common=10, common_validation=[4, 9], common_training=[31, 7]))
    assert (finding.severity, finding.observed) == ("warning", 0.05)
    assert finding.message == (
        "10 of 200 examples of validation stand among 1,000 of training, too, such as example 4 of validation, which "
        "is example 31 of training (from 0)."
    )
    named = {"common_validation": [4], "common_training": [31]}
    (finding,) = findings(RULE, told(common=10, are_rows=False, **named))
    assert finding.message.endswith("which is example 31 of training (from 0, among those taken).")
    assert severities(told(common=1, held=20)) == severities(told(common=10, may_coincide=True)) == ["info"]


def test_another_shape_is_an_error():
    other = {"name": "x", "fits": False, "shape": [8, 8, 3], "held_shape": [3, 8, 8]}
    (finding,) = findings(RULE, told(inputs=[other]))
    assert finding.severity == "error"
    assert finding.message == "An example of validation has the shape 3 × 8 × 8, one of training 8 × 8 × 3."


def test_of_sorted_parts_only_the_examples_in_both_are_judged():
    assert verdict(RULE, told(ordered=True)).status == "no_data"
    assert severities(told(ordered=True, common=10)) == ["warning"]


@pytest.mark.parametrize(
    "damage",
    [
        {"held": None},
        {"common": "many"},
        {"inputs": [{"name": 3, "factor": [1.0], "shift": [0.0, 1.0]}], "held": 0},
    ],
)
def test_what_is_damaged_is_not_judged(damage):
    assert verdict(RULE, told(**damage)).status == "no_data"


def test_columns_of_unequal_numbers_are_left_out():
    assert findings(RULE, told(inputs=[{"factor": [-1.0], "shift": [0.0, 1.0], "p": None}])) == ()
    assert severities(columns([-3.0] * 4, [9.0] * 4, series=True)) == ["info"]
