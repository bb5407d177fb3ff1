"""From where to where a statistic goes in a whole run."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.faces.extents import Extent, extent
from tests.rules.builder import change, healthy, table

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 3.0, 0.5, NAN], Extent(0.0, 0.5, 3.0)),
        ([-2.0, -1.0], Extent(-2.0, None, -1.0)),
        ([INF, 1.0, -INF], Extent(1.0, 1.0, 1.0)),
        ([NAN, NAN], Extent()),
    ],
)
def test_extent_is_of_what_is_finite(values, expected):
    assert extent(table(("a",), {"x": values}, np.arange(len(values))), "x") == expected


def test_extremes_between_the_rows_count():
    run = healthy()
    spiked = run.variables.high.copy()
    spiked[3, 0, run.variables.columns.index("update_ratio")] = 7.0
    assert extent(replace(run.variables, high=spiked), "update_ratio").high == 7.0


def test_whole_run_counts():
    run = change(healthy(), "variable", "value_rms", np.linspace(1, 2, 28))
    assert extent(run.variables, "value_rms") == Extent(1.0, 1.0, 2.0)
