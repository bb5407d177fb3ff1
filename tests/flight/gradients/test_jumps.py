"""Functions that jump, and those that only change."""

import numpy as np
import pytest

from tb_nnhealth.flight.gradients.jumps import jumps

X = np.random.default_rng(4).normal(size=(8, 16))
WAY = np.random.default_rng(5).normal(size=(8, 16))


def quantized(x):
    scale = 127 / np.abs(x).max(-1, keepdims=True)
    return np.round(x * scale) / scale


def interpolated(x):
    """A table that is read between its places: it has whole numbers within, and kinks."""
    table = np.random.default_rng(6).normal(size=64)
    place = np.floor(4 * x).astype(int)
    share = 4 * x - place
    return (1 - share) * table[place % 64] + share * table[(place + 1) % 64]


@pytest.mark.parametrize("function", [np.round, np.sign, quantized, lambda x: 100 * x + np.floor(4 * x)])
def test_what_rounds_jumps(function):
    assert jumps(lambda t: function(X + t * WAY))


@pytest.mark.parametrize(
    "function",
    [np.tanh, np.abs, interpolated, np.zeros_like, lambda x: np.tanh(1e4 * x), lambda x: np.float32(x) * 1.0],
)
def test_what_has_slopes_and_kinks_does_not(function):
    assert not jumps(lambda t: function(X + t * WAY))
