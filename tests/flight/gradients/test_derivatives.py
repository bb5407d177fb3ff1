"""Gradients against finite differences, of plain functions."""

import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.gradients.derivatives import Differentiable, agreement

X = np.random.default_rng(2).standard_normal(40)


class Ones:
    """A scale that is the same for all values."""

    of = staticmethod(np.ones_like)


def found(value, gradient, at=X):
    objective = Differentiable(lambda values: float(value(values.get("x", at))), lambda v: {"x": gradient(v["x"])})
    return agreement(objective, {"x": at}, {"x": Ones}, np.random.default_rng(0))


def test_a_right_gradient_agrees():
    result = found(lambda x: np.sum(np.sin(x)), np.cos)
    assert result.error < 1e-9 and result.dropped == 0 and not result.is_blocked


@pytest.mark.parametrize("factor", [1.01, 1.001, 0.99])
def test_a_term_that_is_off(factor):
    result = found(lambda x: np.sum(np.sin(x) + 0.1 * x**3), lambda x: np.cos(x) + factor * 0.3 * x**2)
    assert 3e-2 * abs(factor - 1) < result.error < abs(factor - 1) and result.doubt < 1e-9


def test_kinks_are_dropped():
    result = found(lambda x: np.sum(np.maximum(x, 0)), lambda x: (x >= 0) * 1.0, at=np.zeros(40))
    assert result.dropped == 5 and np.isnan(result.error)


def test_directions_tell_only_if_most_are_free_of_kinks():
    at = np.append(np.ones(39), 0.0)
    for kink, dropped in ((0.002, 0), (0.005, 2), (0.006, 5)):
        weights = np.append(np.ones(39), kink)
        result = found(lambda x, w=weights: np.sum(w * np.maximum(x, 0)), lambda x, w=weights: w * (x >= 0), at=at)
        assert result.dropped == dropped and np.isnan(result.error) == (dropped == 5)


def test_a_step_function_without_a_gradient_is_blocked_and_a_constant_is_not():
    assert found(lambda x: np.sum(np.round(x)), np.zeros_like).is_blocked
    assert not found(lambda x: 3.0, np.zeros_like).is_blocked


def test_a_unit_that_is_dead_here_only_is_not_blocked():
    dead = np.full(40, -0.05)
    assert not found(lambda x: np.sum(np.maximum(x, 0)), lambda x: (x > 0) * 1.0, at=dead).is_blocked


def test_a_gradient_let_through_a_step_function_is_told():
    assert found(lambda x: np.sum(np.round(2 * x)), lambda x: 2 * np.ones_like(x)).is_stepped


def test_a_slope_that_is_rounding_is_no_error():
    assert found(lambda x: 5.0 + 1e-17 * np.sum(x), lambda x: 1e-17 * x).error < 1e-7


def test_a_slope_near_the_rounding_of_the_value_is_known_no_better_than_that_rounding():
    for small in 10.0 ** -np.arange(3, 17):
        result = found(lambda x, s=small: 2.3 + s * np.sum(np.sin(x)), lambda x, s=small: s * np.cos(x))
        assert not result.error > max(1e-9, 2 * result.doubt), small


def test_one_direction_is_in_memory_at_a_time():
    at = np.ones(2**22, np.float32)
    gradient = np.ones(2**22)
    of = Differentiable(
        lambda values: float(tf.reduce_sum(values["x"]) if values else at.size), lambda values: {"x": gradient}
    )
    tracemalloc.start()
    try:
        result = agreement(of, {"x": at}, {"x": Ones}, np.random.default_rng(0), count=3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.error < 1e-7 and peak < 4 * at.nbytes  # Blocks: what is moved stands in TensorFlow's memory.
