"""The heat maps of the report."""

import base64
import io

import numpy as np
from PIL import Image

from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.heatmap import MOST_COLUMNS, MOST_ROWS, HeatMap, heat_maps
from tb_nnhealth.report.scale import INFINITE, MISSING
from tests.rules.builder import STEPS, change, healthy, model

LATE = np.arange(28) >= 20


def of(run: HealthRun, title: str = "gradient rms") -> HeatMap | None:
    return next((found for found in heat_maps(run, {}) if found.title == title), None)


def marks(found: HeatMap) -> np.ndarray:
    """Returns the numbers of the colours, `[rows, buckets]`."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(str(found.picture).partition(",")[2]))))


def test_what_was_measured_and_is_nan_is_told_from_what_was_not():
    run = change(healthy(), "variable", "gradient_nonfinite", np.where(LATE, 3.0, 0.0), "dense_0/kernel")
    run = change(run, "variable", "gradient_rms", np.where(LATE, np.nan, 1.0))
    found = of(run)
    assert found is not None
    spoilt = run.variables.rows.index("dense_0/kernel")
    drawn = marks(found)
    late = np.arange(drawn.shape[1]) >= STEPS[20] * drawn.shape[1] // (STEPS[-1] + 1)
    assert (drawn[spoilt, late] == INFINITE).all() and (drawn[spoilt, ~late] < INFINITE).all()
    assert (drawn[spoilt + 1, late] == MISSING).all()
    assert "NaN or Inf" in [told for _, told in found.keys]


def test_statistic_that_is_nan_from_the_start_has_its_map():
    run = change(healthy(), "variable", "gradient_nonfinite", 3.0)
    assert of(change(run, "variable", "gradient_rms", np.nan)) is not None
    assert of(change(healthy(), "variable", "gradient_rms", np.nan)) is None


def test_colours_stand_for_where_the_whole_run_goes_not_for_the_cells_that_are_shown():
    run = healthy(model(hidden=MOST_ROWS), steps=np.arange(3 * MOST_COLUMNS))
    rms = np.ones((len(run.variables.steps), len(run.variables.rows)), np.float32)
    rms[1, 1], rms[4, 3] = 1e-3, 50.0
    run = change(run, "variable", "gradient_rms", rms)
    found = of(run)
    assert found is not None and (found.low, found.high) == ("0.001", "50")


def test_legend_says_that_values_lie_below_its_lowest_colour():
    rms = np.ones((28, 10), np.float32)
    rms[20:] = 1e32
    found = of(change(healthy(), "variable", "gradient_rms", rms))
    assert found is not None and (found.low, found.high) == ("≤ 1e20", "1e32")


def test_columns_stand_for_equal_parts_of_the_steps():
    steps = np.array([0, 1, 2, 10])
    rms = np.array([1.0, 10.0, 100.0, 1000.0])[:, None] * np.ones((4, 10))
    found = of(change(healthy(steps=steps), "variable", "gradient_rms", rms))
    assert found is not None
    row = marks(found)[0].tolist()
    assert len(row) == 11
    assert (len(set(row[2:10])), len(set(row))) == (1, 4)


def test_nan_is_not_hidden_by_the_numbers_that_share_its_cell():
    run = healthy(model(hidden=MOST_ROWS), steps=np.arange(3 * MOST_COLUMNS))
    shape = (len(run.variables.steps), len(run.variables.rows))
    counted, rms = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    counted[4, 1], rms[4, 1] = 3, np.nan
    run = change(change(run, "variable", "gradient_nonfinite", counted), "variable", "gradient_rms", rms)
    found = of(run)
    assert found is not None and np.count_nonzero(marks(found) == INFINITE) == 1
