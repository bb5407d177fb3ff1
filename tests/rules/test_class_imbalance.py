"""class-imbalance: how often each class comes."""

from tests.rules.builder import findings, healthy, stuck, verdict, with_classes

RULE = "class-imbalance"


def test_balanced_classes_pass():
    assert findings(RULE, with_classes(stuck(healthy()), [3, 4, 2, 5])) == ()


def test_rare_classes_are_a_warning_unless_something_is_learnt():
    (finding,) = findings(RULE, with_classes(stuck(healthy()), [30, 1, 20]))
    assert (finding.severity, finding.observed) == ("warning", 30.0)
    assert finding.message == "Class 0 of y comes 30 times as often as class 1."
    assert findings(RULE, with_classes(healthy(), [30, 1, 20]))[0].severity == "info"


def test_classes_that_never_come_are_left_out():
    assert findings(RULE, with_classes(stuck(healthy()), [3, 0, 4])) == ()


def test_uncounted_is_no_data():
    assert verdict(RULE, healthy()).status == "no_data"
