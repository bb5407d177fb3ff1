"""The robust summaries against NumPy's own, and the windows."""

import numpy as np
import pytest

from tb_nnhealth.rules._loss import relative_drop
from tb_nnhealth.rules._series import applied, before, late, median
from tests.rules.builder import STEPS, change, healthy, with_data

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 3), (2, 3), (7, 4), (8, 5)])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_median_is_numpys_nanmedian(shape, axis):
    values = RANDOM.standard_normal(shape)
    values[RANDOM.random(shape) < 0.4] = np.nan
    np.testing.assert_allclose(median(values, axis), np.nanmedian(values, axis=axis))


def test_median_of_nothing_is_nan():
    assert np.isnan(median([]))
    assert np.isnan(median([np.nan, np.nan]))
    assert median(np.zeros((0, 3)), axis=0).shape == (3,)


def test_late_is_the_last_half_of_the_steps_but_some_samples_at_least():
    assert STEPS[late(STEPS)].min() == 500
    assert list(late(np.array([0, 1, 2, 3, 1000]))) == [False, True, True, True, True]
    assert list(late(np.array([0, 1]))) == [True, True]
    assert len(late(np.array([], np.int64))) == 0


def test_applied_leaves_out_idle_steps_and_keeps_unknown_ones():
    idle = np.where(STEPS == 8, 0.0, np.nan)
    run = change(healthy(), "step", "update_applied", idle)
    assert list(STEPS[~applied(run, run.variables)]) == [8]


def test_before_cuts_every_table():
    run = before(healthy(), 100)
    assert {int(t.steps[-1]) for t in (run.variables, run.activations, run.step)} == {64}
    assert int(run.data.steps[-1]) == 100


def test_relative_drop_has_a_meaning_for_any_sign():
    assert relative_drop(2.0, 1.0) == 0.5
    assert relative_drop(1.0, -4.0) == 1.25
    assert relative_drop(-1.0, -2.0) == 0.5
    assert relative_drop(0.0, 0.0) == 0.0


def test_what_a_step_was_given_came_before_it():
    run = with_data(before(with_data(healthy(), "prediction/p", data_mean=1.0), 100), "input/x", data_mean=2.0)
    assert run.data.series("data_mean", "input/x")[-1] == 2.0
    assert list(np.isnan(run.data.series("data_mean", "prediction/p")[-2:])) == [False, True]
