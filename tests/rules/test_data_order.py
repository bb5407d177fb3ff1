"""data-order: what is measured of the order of labels."""

import pytest

from tests.rules.builder import findings, verdict, with_probe

RULE = "data-order"


def agreement(excess, p=0.0005, expected=0.1):
    return {"observed": expected + excess * (1 - expected), "expected": expected, "p": p, "excess": excess}


def classes(batches=0.0, neighbours=0.0, single=0.0, shuffles=False, p=0.0005):
    output = {"name": "kind", "kind": "classes", "examples": 1000, "single": single}
    output |= {"batches": agreement(batches, p), "neighbours": agreement(neighbours, p)}
    return with_probe(RULE, outputs=[output], shuffles=shuffles)


def numbers(correlation, one_way, p=0.0005):
    output = {
        "name": "size",
        "kind": "numbers",
        "examples": 500,
        "correlation": correlation,
        "one_way": one_way,
        "p": p,
    }
    return with_probe(RULE, outputs=[output], shuffles=False)


LIMITS = {
    "batches": (classes(batches=0.3), 0.4),
    "neighbours": (classes(neighbours=0.6), 0.7),
    "correlation": (numbers(0.6, 0.95), 0.7),
    "one_way": (numbers(0.9, 0.95), 0.96),
    "p": (classes(batches=0.3, p=0.0005), 1e-4),
}


def test_shuffled_data_passes():
    assert findings(RULE, classes(batches=0.02, neighbours=0.01, p=0.4)) == ()
    assert findings(RULE, numbers(0.03, 0.5, p=0.2)) == ()


def test_what_chance_may_do_is_not_told():
    assert findings(RULE, classes(batches=0.3, neighbours=0.8, p=0.01)) == ()


def test_batches_of_one_class_are_an_error_and_batches_of_few_a_warning():
    (finding,) = findings(RULE, classes(batches=0.95, neighbours=0.99, single=0.9))
    assert (finding.severity, finding.tensor, finding.observed) == ("error", "target/kind", 0.95)
    assert "in 95.5 % of cases, when shuffled in 10 %" in finding.message
    assert findings(RULE, classes(batches=0.3, neighbours=0.99))[0].severity == "warning"


def test_runs_that_batches_mix_are_information():
    (finding,) = findings(RULE, classes(batches=0.05, neighbours=0.9))
    assert finding.severity == "info" and finding.message.endswith("batches mix them.")


def test_what_fit_shuffles_is_information_that_names_validation_split():
    (finding,) = findings(RULE, classes(batches=0.95, single=0.9, shuffles=True))
    assert finding.severity == "info" and "validation_split" in finding.message
    assert findings(RULE, classes(neighbours=0.9, shuffles=True)) == ()


def test_sorted_numbers_are_a_warning_and_a_series_is_information():
    (finding,) = findings(RULE, numbers(0.99, 1.0))
    assert (finding.severity, finding.message) == (
        "warning",
        "The targets are sorted: 100 % of their changes go one way.",
    )
    assert findings(RULE, numbers(0.99, 0.52))[0].severity == "info"


def test_one_class_is_told_only_if_its_share_elsewhere_makes_that_no_chance():
    def alone(share, examples):
        return with_probe(RULE, outputs=[{"name": "kind", "examples": examples, "share_elsewhere": share}])

    (finding,) = findings(RULE, alone(0.1, 100))
    assert finding.severity == "error" and "in the validation data 10 % are" in finding.message
    assert findings(RULE, alone(0.95, 100)) == ()


@pytest.mark.parametrize("outputs", [None, [], "x", [3]])
def test_what_is_damaged_is_not_judged(outputs):
    assert verdict(RULE, with_probe(RULE, outputs=outputs)).status == "no_data"


def test_why_nothing_was_measured_is_told():
    assert verdict(RULE, with_probe(RULE, reason="the data has no targets")).reason == "the data has no targets"


@pytest.mark.parametrize("shuffles", [False, True])
def test_data_of_one_class_is_told_whether_it_is_shuffled_or_not(shuffles):
    (finding,) = findings(
        RULE, with_probe(RULE, outputs=[{"name": "k", "examples": 300, "only": "0"}], shuffles=shuffles)
    )
    assert finding.severity == "warning" and "All 300 targets that were read are of one class, 0" in finding.message
