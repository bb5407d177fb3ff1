"""What was taken and is NaN, and what was not taken."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.nonfinite import COUNTS, OF_THE_STEP, counts, lost, samples
from tb_nnhealth.records import HealthRun, NonFinite, Place
from tb_nnhealth.vocabulary import STATISTICS
from tests.rules.builder import STEPS, change, healthy

NAN = float("nan")
LATE = np.arange(len(STEPS)) >= 20


def spoilt(run: HealthRun | None = None) -> HealthRun:
    """A run whose gradients hold NaN from the 20th sample on."""
    return change(run or healthy(), "variable", "gradient_nonfinite", np.where(LATE, 3.0, 0.0))


def where(run: HealthRun, statistic: str, row: int = 0) -> np.ndarray:
    return lost(run, run.table(STATISTICS[statistic].scope), statistic)[:, row]


def test_every_count_is_a_statistic():
    assert {count for _, names in COUNTS for count in names} <= set(STATISTICS)
    assert all(STATISTICS[name].scope == "step" for name in OF_THE_STEP)


def test_counts_are_of_what_the_statistic_is_made_of():
    run = change(spoilt(), "variable", "value_nonfinite", NAN)
    np.testing.assert_array_equal(counts(run.variables, "update_ratio")[:, 0], np.where(LATE, 3, 0))
    assert not counts(run.variables, "value_rms").any()


def test_nan_beside_a_count_was_taken():
    run = change(spoilt(), "variable", "gradient_rms", np.where(LATE, NAN, 1.0))
    assert where(run, "gradient_rms").tolist() == LATE.tolist()
    assert not where(spoilt(), "gradient_rms").any()


def test_nan_before_anything_was_nan_was_not_taken():
    run = change(spoilt(), "variable", "update_ratio", np.where(LATE | (np.arange(len(STEPS)) == 0), NAN, 1.0))
    assert where(run, "update_ratio").tolist() == LATE.tolist()


def test_what_a_row_never_has_was_not_taken_of_it():
    assert not where(change(spoilt(), "variable", "gradient_rms", NAN), "gradient_rms").any()


@pytest.mark.parametrize("statistic", ["loss", "gradient_global_norm"])
def test_the_loss_was_taken_where_anything_else_is_nan(statistic):
    run = change(healthy(), "step", statistic, np.where(LATE, NAN, 1.0))
    assert not where(run, statistic).any()
    assert where(spoilt(run), statistic).tolist() == LATE.tolist()
    told = replace(run, nonfinite=NonFinite(int(STEPS[20]) - 1, (Place("loss", "", 1.0),)))
    assert where(told, statistic).tolist() == LATE.tolist()


def test_a_loss_that_is_nan_from_the_start_was_taken():
    run = change(healthy(), "step", "loss", NAN)
    told = replace(run, nonfinite=NonFinite(0, (Place("loss", "", 1.0),)))
    assert where(told, "loss").all()
    assert samples(told, told.step, "loss") == len(STEPS)
    assert samples(run, run.step, "loss") == 0


def test_speed_and_loss_scale_are_not_made_of_what_may_be_nan():
    told = replace(healthy(), nonfinite=NonFinite(0, (Place("loss", "", 1.0),)))
    assert not where(told, "examples_per_second").any()
    assert not where(told, "loss_scale").any()
