"""metric-loss-mismatch: names of metrics against the loss."""

from dataclasses import replace

import pytest

from tests.rules.builder import findings, healthy, stuck, verdict, with_data, with_head

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
        ("accuracy", "BinaryCrossentropy", ("softmax",)),
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
        ("binary_accuracy", "BinaryCrossentropy", ("softmax",)),
        ("BinaryAccuracy", "CategoricalCrossentropy", ("softmax",)),
    ],
)
def test_metrics_that_do_not(metric, loss, activations):
    assert findings(RULE, watched(metric, loss, activations))[0].severity == "warning"
    assert findings(RULE, watched(metric, loss, activations, healthy()))[0].severity == "info"


def rows(metric, loss, ones, grey=0.0, activations=("sigmoid",)):
    """A run whose targets are ten numbers each, `ones` of which are 1 on average and one is `grey`."""
    run = with_head(watched(metric, loss, activations), loss, activations, 10, (None, 10))
    mean, zeros = (ones + grey) / 10, 1 - (ones + (grey > 0)) / 10
    run = with_data(run, "target/y", data_min=0.0, data_max=1.0, data_mean=mean, data_zero_fraction=zeros)
    return replace(run, model=replace(run.model, compile={**run.model.compile, "metrics": [metric]}))


def test_elements_of_one_hot_rows_are_not_to_be_counted():
    (finding,) = findings(RULE, rows("BinaryAccuracy", "BinaryCrossentropy", 1))
    assert finding.message == (
        "BinaryAccuracy counts each of the 10 outputs by itself, of which one is right: it reads 0.9 where all are 0."
    )
    assert findings(RULE, rows("accuracy", "BinaryCrossentropy", 1)) == ()
    assert findings(RULE, rows("BinaryAccuracy", "BinaryCrossentropy", 2.5)) == ()


def test_the_largest_output_is_no_answer_where_several_labels_hold():
    (finding,) = findings(RULE, rows("accuracy", "BinaryCrossentropy", 2.5))
    assert finding.message == (
        "accuracy compares the largest of the 10 outputs with the first of the labels, and an example has 2.5 of them."
    )
    assert findings(RULE, rows("CategoricalAccuracy", "BinaryCrossentropy", 0.4))
    assert findings(RULE, rows("accuracy", "BinaryCrossentropy", 2.5, grey=0.4)) == ()  # the pixels of a picture


def test_a_squared_error_may_be_one_of_classes():
    assert findings(RULE, rows("accuracy", "MeanSquaredError", 1, activations=())) == ()
    assert findings(RULE, rows("accuracy", "MeanSquaredError", 3, grey=0.4, activations=())) != ()


def two_outputs(by_output):
    run = watched("accuracy", "MeanSquaredError", ())
    second = replace(run.model.tensors("prediction")[0], name="q", row=None)
    losses = [{"output": name, "class_name": "MeanSquaredError"} for name in ("p", "q")]
    compiled = {**run.model.compile, "losses": losses, "metrics": ["accuracy", "mae"], "output_metrics": by_output}
    return replace(run, model=replace(run.model, batch=(*run.model.batch, second), compile=compiled))


def test_each_output_is_judged_by_its_own_metrics():
    assert len(findings(RULE, two_outputs({"p": ["accuracy"], "q": ["accuracy"]}))) == 2
    assert len(findings(RULE, two_outputs({"p": ["mae"], "q": ["accuracy"]}))) == 1
    assert findings(RULE, two_outputs({"p": ["mae"], "q": []})) == ()
    assert "which output" in verdict(RULE, two_outputs({})).reason


def test_without_metrics():
    assert verdict(RULE, healthy()).status == "no_data"
