"""loss-activation-mismatch: the table of last activation functions and losses."""

from dataclasses import replace

import pytest

from tests.rules.builder import change, findings, healthy, stuck, unmeasured, verdict, with_head

RULE = "loss-activation-mismatch"
SPARSE, ONE_HOT, BINARY = "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy"


def severity(run):
    found = findings(RULE, run)
    return found[0].severity if found else None


@pytest.mark.parametrize(
    ("loss", "activations", "units", "options"),
    [
        (SPARSE, ("softmax",), 10, {}),
        (ONE_HOT, ("softmax",), 10, {"from_logits": False}),
        (SPARSE, (), 10, {"from_logits": True}),
        (BINARY, ("sigmoid",), 1, {}),
        (BINARY, ("sigmoid",), 5, {}),
        (BINARY, (), 1, {"from_logits": True}),
        ("MeanSquaredError", (), 1, {}),
        ("MeanSquaredError", ("sigmoid",), 1, {}),
        ("my_loss", ("relu",), 3, {}),
    ],
)
def test_pairs_that_fit(loss, activations, units, options):
    for run in (healthy(), stuck(healthy())):
        assert findings(RULE, with_head(run, loss, activations, units, **options)) == ()


@pytest.mark.parametrize(
    ("loss", "activations", "units", "learns", "stands"),
    [
        (BINARY, ("softmax",), 1, "error", "error"),
        ("MeanSquaredError", ("softmax",), 1, "error", "error"),
        (ONE_HOT, ("sigmoid",), 1, "error", "error"),
        (SPARSE, (), 10, "warning", "error"),
        (SPARSE, ("relu",), 10, "warning", "error"),
        (BINARY, ("tanh",), 1, "warning", "error"),
        (ONE_HOT, ("sigmoid",), 10, "warning", "warning"),
        (BINARY, ("softmax",), 10, "info", "info"),
        ("MeanSquaredError", ("softmax",), 10, "info", "warning"),
    ],
)
def test_pairs_that_do_not(loss, activations, units, learns, stands):
    assert severity(with_head(healthy(), loss, activations, units)) == learns
    assert severity(with_head(stuck(healthy()), loss, activations, units)) == stands


def test_logits_that_are_none():
    run = with_head(stuck(healthy()), SPARSE, ("softmax",), 10, from_logits=True)
    assert severity(run) == "warning"
    assert severity(with_head(healthy(), SPARSE, ("softmax",), 10, from_logits=True)) == "info"
    assert severity(with_head(healthy(), SPARSE, ("relu",), 10, from_logits=True)) == "warning"


def test_message_names_the_output_and_the_loss():
    (finding,) = findings(RULE, with_head(stuck(healthy()), SPARSE, ()))
    assert finding.message == (
        "SparseCategoricalCrossentropy takes probabilities, and output has no activation function, "
        "and from_logits is not set."
    )
    assert finding.layer == "output"


def test_of_an_unmeasured_run_the_definition_tells():
    assert severity(with_head(unmeasured(healthy()), BINARY, ("softmax",), 1)) == "error"


def test_what_cannot_be_told_is_not_judged():
    assert verdict(RULE, with_head(healthy(), SPARSE, None, 10)).status == "pass"  # the layer's own is known
    run = with_head(healthy(), SPARSE, None, 10)
    hidden = [layer for layer in run.model.layers if layer.path != "output"]
    assert verdict(RULE, replace(run, model=replace(run.model, layers=tuple(hidden)))).status == "no_data"


@pytest.mark.parametrize(("mean", "expected"), [(0.1, "info"), (0.3, "warning")])
def test_a_softmax_cannot_give_several_labels(mean, expected):
    run = with_head(healthy(), BINARY, ("softmax",), 10)
    assert severity(change(run, "data", "data_mean", mean, "target/y")) == expected
