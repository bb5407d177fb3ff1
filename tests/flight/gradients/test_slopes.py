"""Slopes from values on both sides, and how far they are in doubt."""

import math

import numpy as np
import pytest

from tb_nnhealth.flight.gradients.slopes import slope


@pytest.mark.parametrize(
    "function, expected",
    [(math.sin, 1.0), (lambda t: math.exp(3 * t), 3.0), (lambda t: 1e4 + t, 1.0), (lambda t: 1 / (0.1 + t), -100.0)],
)
def test_smooth_functions(function, expected):
    found = slope(function)
    assert abs(found.value - expected) <= max(found.doubt, 1e-10) and found.doubt < 1e-5 * abs(expected)


def test_a_kink_at_the_point_is_all_in_doubt():
    found = slope(lambda t: max(0.0, t))
    assert found.value == pytest.approx(0.5) and found.doubt > 0.9


def test_a_kink_beside_the_point_is_stepped_over():
    found = slope(lambda t: max(0.0, t - 1e-4) + 2 * t)
    assert found.value == pytest.approx(2.0, abs=1e-8) and found.doubt < 1e-8


def test_noise_is_told():
    random = np.random.default_rng(0)
    found = slope(lambda t: float(np.float32(t + 1e-7 * random.standard_normal())))
    assert abs(found.value - 1) < found.doubt and found.doubt > 1e-7


def test_a_step_function_is_flat_and_a_small_slope_is_not():
    assert slope(lambda t: round(5 * t)).is_flat
    assert not slope(lambda t: 1e-3 * t).is_flat


def test_where_there_are_no_values_there_is_no_slope():
    found = slope(lambda t: math.nan if t < 0 else t)
    assert math.isnan(found.value) and found.doubt == math.inf


@pytest.mark.parametrize("true", [0.0, 3e-13, 3e-12])
def test_a_change_within_the_rounding_of_the_values_is_in_doubt_although_all_estimates_agree(true):
    found = slope(lambda t: float(np.float64(2.0) + np.float64(true * t)))
    assert abs(found.value - true) <= found.doubt < 1e-9
