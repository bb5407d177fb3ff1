"""label-noise: what twins and neighbours say of labels."""

import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "label-noise"


def told(
    conflicts=0, may_coincide=False, wrong=0.2, constant=0.9, united=600, united_wrong=100, typical=0.17, are_rows=True
):
    output = {"name": "kind", "examples": 1000, "classes": 10, "conflicts": conflicts, "asked": 5, "wrong": wrong}
    output |= {"constant": constant, "united": united, "united_wrong": united_wrong, "typical": typical}
    output |= {"worst": [3, 17, 40, 41], "worst_labels": list("7200"), "worst_neighbours": list("1441")}
    return with_probe(RULE, outputs=[output | {"conflicting": [3, 7]}], may_coincide=may_coincide, are_rows=are_rows)


CLEAN = {"wrong": 0.03, "united": 900, "united_wrong": 4, "typical": 0.0}
LIMITS = {
    "conflicts": (told(conflicts=20, **CLEAN), 0.03),
    "noise": (told(), 0.2),
    "everywhere": (told(), 0.9),
    "known": (told(wrong=0.4, united_wrong=300, typical=0.4), 0.6),
}


def test_labels_that_agree_pass():
    assert findings(RULE, told(**CLEAN)) == ()


def test_wrong_labels_everywhere_are_a_warning_that_names_examples():
    (finding,) = findings(RULE, told())
    assert (finding.severity, finding.tensor, finding.observed) == ("warning", "target/kind", 0.17)
    assert finding.message == (
        "Of 600 examples whose 5 nearest have one class, 100 have another one, such as the examples 3, 17, 40 (from 0) "
        "of the data, labelled 7, 2, 0 and not 1, 4, 4."
    )


@pytest.mark.parametrize(
    "change",
    [
        {"wrong": 0.2, "united_wrong": 36, "typical": 0.06},  # Classes overlap: united neighbours are seldom wrong.
        {"united": 30, "united_wrong": 5},  # Too few to tell.
        {"typical": 0.01},  # In few classes.
        {"constant": 0.21},  # A constant answer is as good.
    ],
)
def test_what_is_hard_to_tell_passes(change):
    assert [f for f in verdict(RULE, told(**change)).findings if f.severity != "info"] == []


def test_the_same_example_with_other_labels_is_a_warning():
    (finding,) = findings(RULE, told(conflicts=20, **CLEAN))
    assert (finding.severity, finding.observed) == ("warning", 0.02)
    assert finding.message == (
        "2 % of the examples have another label than the same example has elsewhere, such as the examples 3 and 7 "
        "(from 0) of the data."
    )
    assert findings(RULE, told(conflicts=2, **CLEAN))[0].severity == "info"
    assert findings(RULE, told(conflicts=300, may_coincide=True, **CLEAN))[0].severity == "info"


def test_examples_of_batches_are_not_called_rows_of_the_data():
    (finding,) = findings(RULE, told(are_rows=False))
    assert "the examples 3, 17, 40 (from 0) of those taken, labelled" in finding.message
    assert "(from 0) of those taken." in findings(RULE, told(conflicts=20, are_rows=False, **CLEAN))[0].message


def test_where_neighbours_know_nothing_there_is_no_verdict():
    assert verdict(RULE, told(wrong=0.88, united=3, united_wrong=2)).status == "no_data"


@pytest.mark.parametrize(
    "outputs", [None, "x", [], [{"name": 3}], [{"examples": 10, "conflicts": 0, "wrong": "a lot"}]]
)
def test_what_is_damaged_is_not_judged(outputs):
    assert verdict(RULE, with_probe(RULE, outputs=outputs)).status == "no_data"
