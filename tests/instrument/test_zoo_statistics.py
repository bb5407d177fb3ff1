"""What is measured of every kind of model, step and optimizer is what a naive oracle finds, at each sampled step."""

from fnmatch import fnmatchcase

import numpy as np
import pytest

from tb_nnhealth.records import Table
from tb_nnhealth.vocabulary import VARIABLE_STATISTICS
from tests.instrument.conftest import Measured
from tests.instrument.oracle import (
    NAN,
    Numbers,
    Step,
    activation_statistics,
    class_counts,
    constant_statistics,
    steps_by_hand,
    variable_statistics,
)
from tests.instrument.zoo import CASES, losses_by_output
from tests.statistics import naive

pytestmark = pytest.mark.slow

EPSILON = {"float64": 2.0**-23, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Distance of 1 to the next number; statistics are taken in float32 at most."""

RTOL = {"float64": 1e-4, "float32": 1e-4, "float16": 4e-3, "bfloat16": 2e-2}
"""The compiled step sums in another order than the eager one, and fuses a product with the bias and the activation
function behind it: some hundred roundings of float32, and in half precision a few of those that it leaves out."""

BESIDE = 10
"""Times that for a gradient, and its update, of a step that XLA compiles and a measured one repeats: they are what is
left of sums that nearly cancel."""

SHIFTED = 0.03
"""Share of a tensor's elements that rounding may put into another bin of a histogram."""

OWN = ("value_", "update_")
"""Of variables, which the oracle has from the measured training bit for bit, and in float32 under any policy."""

ROUNDING = "the true gradient is zero, for softmax and batch normalization take out what this bias adds"
EXCEPT: dict[tuple[str, str, str], str] = {
    ("attention_block", "multi_head_attention/key/bias", "gradient_*"): ROUNDING,
    ("sequential_cnn", "sequential/conv2d/bias", "gradient_*"): ROUNDING,
    ("jit_compile", "sequential/conv2d/bias", "gradient_*"): ROUNDING,
    ("jit_compile", "sequential/conv2d/bias", "update_*"): ROUNDING,
    ("lambda_*", "sequential/lambda", "output_gradient_*"): "not measured: Keras' loss takes the function's input",
    ("*", "step", "examples_per_second"): "a time",
    ("*", "step", "*_index"): "numbers of samples and rows",
    ("*", "step", "metric/*"): "Keras' own running means, or whatever a `train_step` returns",
}
"""Columns that are not compared: case, row, column, and why."""


@pytest.fixture(scope="session")
def by_hand(measured: Measured) -> list[tuple[int, int, list[Step]]]:
    """The sampled steps: their place in the tables, their number, and all steps that the oracle made."""
    steps, ends = steps_by_hand(CASES[measured.name], measured.outcome)
    assert ends == measured.outcome.steps == measured.run.step.steps.tolist()
    return [(at, number, steps) for at, number in enumerate(ends)]


def precision(measured: Measured) -> str:
    return max((layer.compute_dtype for layer in measured.outcome.model._flatten_layers()), key=EPSILON.__getitem__)


def tolerance(column: str, expected: Numbers, dtype: str, is_beside: bool) -> tuple[float, float]:
    """Returns the relative and the absolute tolerance of a statistic."""
    dtype, zero = ("float32", 1e-12) if column.startswith(OWN) else (dtype, 1e-7)
    rtol = RTOL[dtype] * (BESIDE if is_beside and column.startswith(("gradient_", "update_")) else 1)
    kind = column.partition("_")[0]
    magnitude = np.nan_to_num(expected.get(f"{kind}_absmax", abs(expected.get(f"{kind}_max", 0.0))))
    if column.endswith(("_skewness", "_kurtosis")):  # An element's rounding, in standard deviations.
        return rtol, 1e-3 + 16 * EPSILON[dtype] * np.nan_to_num(magnitude / (expected.get(f"{kind}_std") or NAN))
    if column.endswith(("_mean", "_std", "_min", "_max", "_loss")):  # What is left of larger numbers.
        return rtol, zero + RTOL[dtype] * magnitude
    return rtol, zero


def assert_row(measured: Measured, table: Table, at: int, row: str, expected: Numbers) -> None:
    """Compares a row of a table, but for what is excepted. What is not expected at all is not to be measured."""
    for column in table.columns:
        if not any(all(map(fnmatchcase, (measured.name, row, column), excepted)) for excepted in EXCEPT):
            rtol, atol = tolerance(column, expected, precision(measured), measured.is_beside)
            found, wanted = table.series(column, row)[at], expected.get(column, NAN)
            np.testing.assert_allclose(found, wanted, rtol, atol, err_msg=f"{column} of {row} at sample {at}")


def test_variables(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """At each step those are measured that are trainable then."""
    table = measured.run.variables
    assert set(table.rows) == {path for _, number, steps in by_hand for path in steps[number].value}
    assert table.columns == tuple(statistic.name for statistic in VARIABLE_STATISTICS) or not table.rows
    for at, number, steps in by_hand:
        for path in table.rows:
            is_trained = path in steps[number].value
            expected = variable_statistics(steps[number], path) if is_trained else {}
            assert_row(measured, table, at, path, expected)
            assert not is_trained or set(table.columns) <= set(expected)


def test_activations(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """Each call of a layer, and what flows into its output."""
    table = measured.run.activations
    for at, number, steps in by_hand:
        assert set(table.rows) == set(steps[number].output)
        for row in table.rows:
            expected = activation_statistics(steps, number, row)
            assert_row(measured, table, at, row, expected)
            assert set(table.columns) == set(expected)


def test_step(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """Losses, the norm of the gradients, and what the optimizer makes of them."""
    for at, number, steps in by_hand:
        expected = steps[number].scalars | constant_statistics(steps[number])
        assert_row(measured, measured.run.step, at, "step", expected)
        assert set(expected) <= set(measured.run.step.columns)


def test_data(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """The batch: inputs, targets and predictions."""
    table = measured.run.data
    for at, number, steps in by_hand:
        assert set(table.rows) == set(steps[number].batch)
        for row, tensor in steps[number].batch.items():
            expected = naive.batch(tensor)
            assert_row(measured, table, at, row, expected)
            assert set(table.columns) == set(expected)


def test_classes(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """Counted wherever the loss is one of classification."""
    table = measured.run.classes
    losses = losses_by_output(measured.outcome.model)
    counted = [name for name, loss in losses.items() if "crossentropy" in loss.lower()]
    assert set(table.rows) == {f"{kind}/{name}" for kind in ("target", "prediction", "share") for name in counted}
    for at, number, steps in by_hand:
        for name in counted:
            for row, counts in class_counts(steps[number], name).items():
                found = [table.series(str(index), row)[at] for index in range(len(counts))]
                assert found == pytest.approx(counts, rel=1e-5), f"{row} at sample {at}"


def test_histograms(measured: Measured, by_hand: list[tuple[int, int, list[Step]]]) -> None:
    """Of values every bin; of the others all but what rounding puts into the bin beside, or takes out of zero."""
    steps = {number: steps[number] for _, number, steps in by_hand}
    assert set(measured.run.histograms) == {"value", "gradient", "update", "activation"}
    for kind, histogram in measured.run.histograms.items():
        for at, number in enumerate(histogram.steps.tolist()):
            arrays = getattr(steps[number], "output" if kind == "activation" else kind)
            for row in histogram.rows:
                array = np.zeros(0) if arrays.get(row) is None else np.asarray(arrays[row])
                if any(all(map(fnmatchcase, (measured.name, row, f"{kind}_"), excepted)) for excepted in EXCEPT):
                    continue
                found, expected = np.nan_to_num(histogram.values[at, histogram.row(row)]), naive.histogram(array)
                assert found.sum() == expected.sum(), f"{kind} of {row} in step {number}"
                moved = np.abs(found - expected).sum() / 2
                assert moved <= (0 if kind == "value" else 1 + SHIFTED * array.size), (
                    f"{kind} of {row} in step {number}"
                )
