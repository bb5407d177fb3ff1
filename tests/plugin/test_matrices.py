"""Thinning: against a naive loop, and what must survive it."""

import numpy as np
import pytest

from tb_nnhealth.plugin import matrices
from tb_nnhealth.records import Table
from tests.plugin.test_plugin import frame
from tests.rules.builder import change, healthy

NAN, INF = np.nan, np.inf


def make_table(values, low=None, high=None, steps=None):
    values = np.asarray(values, np.float32)[:, None, None]
    low = values if low is None else np.asarray(low, np.float32)[:, None, None]
    high = values if high is None else np.asarray(high, np.float32)[:, None, None]
    steps = np.arange(len(values)) if steps is None else np.asarray(steps)
    return Table(("row",), ("x",), steps, np.zeros(len(values)), values, low, high)


def thinned(table, columns, first=0, last=2**53):
    return frame(matrices.matrix(table, "x", first, last, columns))


@pytest.mark.parametrize(
    ("values", "columns", "expected"),
    [
        ([1, -5, 2, 3], 2, [-5, 3]),
        ([NAN, NAN, 2, NAN], 2, [NAN, 2]),
        ([1, INF, -INF, 0], 4, [1, INF, -INF, 0]),
        ([1, INF, NAN, 0], 1, [INF]),
        ([], 5, []),
    ],
)
def test_extremes_survive(values, columns, expected):
    np.testing.assert_array_equal(thinned(make_table(values), columns)[2][0, 0], np.asarray(expected, np.float32))


def test_extremes_between_rows_survive():
    table = make_table([1, 1], low=[1, -9], high=[7, 2])
    assert thinned(table, 2)[2][0, 0].tolist() == [7, -9]


@pytest.mark.parametrize("columns", [1, 3, 10, 99, 100, 1000])
def test_matrix_equals_a_naive_loop(columns):
    random = np.random.default_rng(columns)
    values = random.normal(size=100).astype(np.float32)
    values[random.random(100) < 0.3] = NAN
    first, last, planes = thinned(make_table(values, steps=np.arange(100) ** 2), columns)
    assert len(first) == min(columns, 100)
    for one, other, cell in zip(first, last, planes[0, 0], strict=True):
        bucket = [x for step, x in zip(np.arange(100) ** 2, values, strict=True) if one <= step <= other and x == x]
        assert cell == max(bucket, key=abs) if bucket else np.isnan(cell)


@pytest.mark.parametrize(
    ("low", "high", "columns", "expected"),
    [
        ([1, 2], [1, 2], 2, [[1, 2]]),
        ([-9, 1], [2, 3], 1, [[-9], [3]]),
        ([1e-6, 2], [1e-6, 3], 1, [[3], [1e-6]]),
        ([NAN, 1], [NAN, 4], 2, [[NAN, 4], [NAN, 1]]),
    ],
)
def test_both_extremes_survive(low, high, columns, expected):
    planes = thinned(make_table(high, low=low, high=high), columns)[2]
    np.testing.assert_array_equal(planes[:, 0], np.asarray(expected, np.float32))


def make_counted(statistic, counts):
    """A table of one row and two steps: the statistic was not measured at the last, where NaN and Inf are counted."""
    values = np.array([[1.0, *(0.0 for _ in counts)], [NAN, *counts.values()]], np.float32)[:, None, :]
    return Table(("row",), (statistic, *counts), np.arange(2), np.zeros(2), values, values, values)


@pytest.mark.parametrize(
    ("statistic", "counts", "expected"),
    [
        ("gradient_rms", {"gradient_nonfinite": 3, "value_nonfinite": 0}, [0, 3]),
        ("gradient_rms", {"gradient_nonfinite": 0, "value_nonfinite": 3}, None),
        ("update_ratio", {"gradient_nonfinite": NAN, "value_nonfinite": 3}, [0, 3]),
        ("dead_unit_fraction", {"activation_nonfinite": 1, "output_gradient_nonfinite": 2}, [0, 1]),
        ("output_gradient_rms", {"activation_nonfinite": 1, "output_gradient_nonfinite": 2}, [0, 2]),
        ("data_mean", {"data_nonfinite": 7}, [0, 7]),
        ("loss", {}, None),
    ],
)
def test_what_is_not_finite_has_a_plane_of_its_own(statistic, counts, expected):
    planes = frame(matrices.matrix(make_counted(statistic, counts), statistic, 0, 9, 9))[2]
    assert len(planes) == (1 if expected is None else 3)
    if expected:
        assert planes[2, 0].tolist() == expected


def test_early_steps_have_columns_of_their_own_on_a_logarithmic_axis():
    table = make_table(range(10_000))
    first, last, planes = frame(matrices.matrix(table, "x", 0, 9999, 100, log=True))
    assert first[:5].tolist() == [0, 1, 2, 3, 4] and last[-1] == 9999
    assert len(first) <= 100
    assert planes[0, 0].tolist() == last.tolist() and planes[1, 0].tolist() == first.tolist()
    widths = np.log1p(last) - np.log1p(first)
    assert widths.max() < 2 * np.log1p(9999) / 100


def test_few_samples_stay_as_they_are_on_a_logarithmic_axis():
    assert frame(matrices.matrix(make_table([1, 2, 3]), "x", 0, 9, 9, log=True))[0].tolist() == [0, 1, 2]
    assert len(frame(matrices.matrix(make_table([]), "x", 0, 9, 9, log=True))[0]) == 0


def test_range_of_steps_has_a_neighbour_on_each_side():
    first, _, planes = thinned(make_table(range(10), steps=range(0, 100, 10)), 1000, first=15, last=40)
    assert first.tolist() == [10, 20, 30, 40, 50]
    assert planes[0, 0].tolist() == [1, 2, 3, 4, 5]
    assert thinned(make_table(range(10)), 5, first=50, last=60)[0].tolist() == [9]


def test_series_keeps_last_value_and_extremes():
    table = make_table([4, 1, NAN, NAN, 2, 9], low=[3, 1, NAN, NAN, 2, 0], high=[5, 6, NAN, NAN, 2, 9])
    _, _, planes = frame(matrices.series(healthy(), table, "row", 0, 10, 2))
    np.testing.assert_array_equal(planes[:, 0, :], [[1, 9], [1, 0], [6, 9]])


def test_series_and_flow_tell_what_was_taken_and_is_nan():
    run = change(healthy(), "variable", "gradient_nonfinite", np.where(np.arange(28) >= 20, 3.0, 0.0))
    run = change(run, "variable", "gradient_rms", np.where(np.arange(28) >= 20, np.nan, 2.0))
    table = run.variables
    end = int(table.steps[-1])
    _, _, planes = frame(matrices.series(run, table, table.rows[0], 0, end, 4))
    assert planes.shape[0] == 4
    values, low, _, gone = planes[:, table.columns.index("gradient_rms")]
    np.testing.assert_array_equal(values, [2, 2, NAN, NAN])
    np.testing.assert_array_equal(low, [2, 2, 2, NAN])
    assert gone.tolist() == [0, 0, 1, 1]
    assert not planes[3, table.columns.index("value_rms")].any()
    _, _, planes = frame(matrices.flow(run, table, "gradient_rms", 0, end, 4))
    assert planes[3].tolist() == [[0, 0, 1, 1]] * len(table.rows)
    assert len(frame(matrices.flow(run, table, "value_rms", 0, end, 4))[2]) == 3


@pytest.mark.parametrize("columns", [1, 3, 10, 100])
def test_flow_equals_a_naive_loop(columns):
    random = np.random.default_rng(columns)
    values = random.normal(size=(60, 4, 1)).astype(np.float32)
    values[random.random((60, 4, 1)) < 0.4] = NAN
    low, high = values - random.random((60, 4, 1)).astype(np.float32), values + 1
    table = Table(("a", "b", "c", "d"), ("x",), np.arange(60), np.zeros(60), values, low, high)
    first, last, planes = frame(matrices.flow(healthy(), table, "x", 0, 59, columns))
    assert planes.shape == (3, 4, min(columns, 60))
    for column, (one, other) in enumerate(zip(first.astype(int), last.astype(int), strict=True)):
        for row in range(4):
            measured = [step for step in range(one, other + 1) if values[step, row, 0] == values[step, row, 0]]
            expected = (
                [values[measured[-1], row, 0], min(low[measured, row, 0]), max(high[measured, row, 0])]
                if measured
                else [NAN] * 3
            )
            np.testing.assert_array_equal(planes[:, row, column], expected)
