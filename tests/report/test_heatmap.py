"""The heat maps of the report."""

import base64
import io

import numpy as np
from PIL import Image

from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.heatmap import HeatMap, heat_maps
from tb_nnhealth.report.scale import INFINITE, MISSING
from tests.rules.builder import change, healthy

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
    assert (marks(found)[spoilt] == np.where(LATE, INFINITE, marks(found)[spoilt])).all()
    assert (marks(found)[spoilt + 1, LATE] == MISSING).all()
    assert "NaN or infinite" in [told for _, told in found.keys]


def test_statistic_that_is_nan_from_the_start_has_its_map():
    run = change(healthy(), "variable", "gradient_nonfinite", 3.0)
    assert of(change(run, "variable", "gradient_rms", np.nan)) is not None
    assert of(change(healthy(), "variable", "gradient_rms", np.nan)) is None
