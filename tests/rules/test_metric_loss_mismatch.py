"""metric-loss-mismatch: names of metrics against the loss."""

from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, stuck, verdict, with_head

RULE = "metric-loss-mismatch"


def watched(metric, loss, activations, run=None):
    run = with_head(run or stuck(healthy()), loss, activations)
    return replace(run, model=replace(run.model, compile={**run.model.compile, "metrics": [metric]}))


@pytest.mark.parametrize(
    ("metric", "loss", "activations"),
    [
        ("accuracy", "SparseCategoricalCrossentropy", ("softmax",)),
        ("accuracy", "BinaryCrossentropy", ("sigmoid",)),
        ("mae", "MeanSquaredError", ()),
        ("accuracy", "MeanSquaredError", ("softmax",)),
        ("CategoricalAccuracy", "BinaryCrossentropy", ("softmax",)),
        ("CategoricalAccuracy", "CategoricalCrossentropy", ("softmax",)),
    ],
)
def test_metrics_that_fit(metric, loss, activations):
    assert findings(RULE, watched(metric, loss, activations)) == ()


@pytest.mark.parametrize(
    ("metric", "loss", "activations"),
    [
        ("accuracy", "MeanSquaredError", ()),
        ("Accuracy", "BinaryCrossentropy", ("sigmoid",)),
        ("accuracy", "BinaryCrossentropy", ("softmax",)),
        ("BinaryAccuracy", "CategoricalCrossentropy", ("softmax",)),
    ],
)
def test_metrics_that_do_not(metric, loss, activations):
    assert findings(RULE, watched(metric, loss, activations))[0].severity == "warning"
    assert findings(RULE, watched(metric, loss, activations, healthy()))[0].severity == "info"


def test_without_metrics():
    assert verdict(RULE, healthy()).status == "no_data"
