"""Each tensor function against naive float64 NumPy, on ordinary and on nasty arrays, run eagerly and under XLA."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_nnhealth.statistics import activations, data, histograms, moments
from tests.statistics import naive

MODES = ("eager", "graph", "xla")
NORMAL = float(np.finfo(np.float32).tiny)
LARGE = float(np.float32(1e30))
SMALL = float(np.float32(1e-30))
"""Of what is near the smallest float32 TensorFlow may make zero."""
ELEMENTS = st.one_of(st.floats(SMALL, LARGE, width=32), st.floats(-LARGE, -SMALL, width=32)) | st.sampled_from(
    [0.0, -0.0, 1.0, -LARGE, float(np.float32(3e38)), np.nan, np.inf, -np.inf]
)
MATRICES = hnp.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=ELEMENTS)

NASTY = {
    "ordinary": np.random.default_rng(0).normal(2, 3, (40, 7)),
    "tiny": np.random.default_rng(1).normal(size=(9, 3)) * 1e-30,
    "huge": np.random.default_rng(2).normal(size=(9, 3)) * 1e30,
    "largest": np.full((2, 2), 3.4e38) * [[1, -1], [0, 1]],
    "constant": np.full((31, 4), 0.1),
    "zeros": np.zeros((3, 4)),
    "one_element": np.array([[2.5]]),
    "no_finite": np.array([[np.nan, np.inf], [-np.inf, np.nan]]),
    "one_nan": np.where(np.arange(12).reshape(4, 3) == 5, np.nan, np.arange(12.0).reshape(4, 3)),
    "infinities": np.array([[1.0, np.inf, -2.0], [0.0, -np.inf, 5.0]]),
    "skewed": np.exp(np.random.default_rng(3).normal(size=(50, 4)) * 2),
    "offset": 1000 + np.random.default_rng(4).normal(size=(50, 4)),
}


def run(function: Callable[..., Any], *arguments: Any, mode: str = "eager") -> Any:
    if mode == "eager":
        return function(*arguments)
    return tf.function(function, jit_compile=mode == "xla", autograph=False)(*arguments)


def assert_close(found: dict[str, float], expected: dict[str, float], rtol: float = 2e-5) -> None:
    """Compares by name. What is a difference of large numbers may be off by a rounding of the large ones."""
    scale = max(
        (abs(expected[k]) for k in ("absmax", "min", "max", "data_min", "data_max") if k in expected), default=0
    )
    scale = scale if np.isfinite(scale) else 0.0
    for name, value in expected.items():
        # float32 ends at 3.4e38: what is beyond is infinite, and so is told.
        value = np.float64(np.float32(np.clip(value, -np.inf, np.inf)))
        slack = 2e-6 * scale if any(part in name for part in ("mean", "std", "rms", "norm", "min", "max")) else 1e-6
        if name in ("skewness", "kurtosis"):  # They take what rounding leaves of the mean to the third power.
            slack = 1e-4 + 1e-6 * abs(expected["mean"]) / max(expected["std"], 1e-38)
        np.testing.assert_allclose(found[name], value, rtol=rtol, atol=slack, err_msg=name)


def moments_of(x: Any, mode: str = "eager") -> dict[str, float]:
    row = run(lambda t: moments.moments([t]), tf.constant(x), mode=mode).numpy()[0]
    return dict(zip(moments.COLUMNS, row, strict=True))


def forward_of(x: Any, mode: str = "eager") -> dict[str, float]:
    statistics, silent = run(activations.forward, tf.constant(x), mode=mode)
    return dict(zip(activations.FORWARD, statistics.numpy(), strict=True)) | {"silent": silent.numpy().mean()}


def batch_of(x: Any, mode: str = "eager") -> dict[str, float]:
    return dict(zip(data.COLUMNS, run(data.batch_statistics, tf.constant(x), mode=mode).numpy(), strict=True))


PAIRS = {
    "moments": (moments_of, naive.moments),
    "forward": (forward_of, naive.forward),
    "batch": (batch_of, naive.batch),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("family", PAIRS)
def test_nasty_arrays(family: str, name: str, mode: str) -> None:
    ours, theirs = PAIRS[family]
    x = NASTY[name].astype(np.float32)
    assert_close(ours(x, mode), theirs(x))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64, np.int64, np.uint8, np.bool_])
@pytest.mark.parametrize("family", PAIRS)
def test_other_dtypes_are_computed_in_float32(family: str, dtype: Any) -> None:
    ours, theirs = PAIRS[family]
    x = (np.random.default_rng(5).normal(size=(20, 3)) * 3).astype(dtype)
    assert_close(ours(x), theirs(x.astype(np.float32)))


@settings(max_examples=60, deadline=None)
@given(MATRICES)
@example(np.array([[1.0], [1.0000001]], np.float32))
@pytest.mark.parametrize("family", ["moments", "forward"])
def test_any_array(family: str, x: np.ndarray) -> None:
    ours, theirs = PAIRS[family]
    expected = theirs(x)
    for name in ("skewness", "kurtosis"):
        if expected.get("std", 1.0) <= 1e-3 * abs(expected["mean"]):
            expected.pop(name, None)  # The third moment of nearly equal float32 numbers is all rounding.
    assert_close(ours(x), expected, rtol=1e-4)


def test_empty_tensor_has_no_moments() -> None:
    found = moments_of(np.zeros((0,), np.float32))
    assert all(np.isnan(v) for k, v in found.items() if k != "nonfinite") and found["nonfinite"] == 0


def test_subnormal_numbers_are_numbers_or_zeros() -> None:
    found = moments_of(np.full(5, NORMAL / 8, np.float32))
    assert found["nonfinite"] == 0 and found["absmax"] <= NORMAL and np.isfinite(found["norm"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", NASTY)
def test_backward(name: str, mode: str) -> None:
    x = NASTY[name].astype(np.float32)
    found = dict(zip(activations.BACKWARD, run(activations.backward, tf.constant(x), mode=mode).numpy(), strict=True))
    expected = naive.moments(x)
    assert_close(found, {k: expected[k] for k in activations.BACKWARD})


@pytest.mark.parametrize("mode", MODES)
def test_silent_units_on_another_axis(mode: str) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 5)).astype(np.float32)
    x[:, 1] = 0.0
    x[0, 2] = 0.0
    _, silent = run(lambda t: activations.forward(t, 1), tf.constant(x), mode=mode)
    assert silent.numpy().tolist() == [False, True, False, False]


@pytest.mark.slow
def test_more_rows_than_float32_counts() -> None:
    x = np.ones((2**26, 1), np.float32)
    x[: 2**24] = 0
    assert forward_of(x)["zero_fraction"] == pytest.approx(0.25)
    x[:-1] = 0
    assert forward_of(x)["silent"] == 0


def test_a_unit_with_nan_is_not_silent() -> None:
    _, silent = activations.forward(tf.constant([[0.0, np.nan, 0.0], [0.0, 0.0, 1.0]]))
    assert silent.numpy().tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("activation", "inside", "outside"),
    [
        ("sigmoid", [0.011, 0.5, 0.989], [0.0, 0.01, 0.99, 1.0]),
        ("tanh", [-0.97, 0.0, 0.97], [-1.0, -0.98, 0.98, 1.0]),
        ("relu6", [0.0, 0.01, 3.0], [5.94, 6.0]),
        ("softsign", [-0.97, 0.97], [-0.99, 0.99]),
    ],
)
def test_saturated_fraction(activation: str, inside: list[float], outside: list[float]) -> None:
    x = tf.constant(inside + [v + 1e-6 * np.sign(v - 0.5) for v in outside], tf.float32)
    expected = len(outside) / (len(inside) + len(outside))
    assert activations.saturated_fraction(x, activation).numpy() == pytest.approx(expected)


def test_saturation_is_a_share_of_the_finite_elements() -> None:
    assert activations.saturated_fraction(tf.constant([1.0, 0.5, np.nan, np.nan]), "sigmoid").numpy() == 0.5


@pytest.mark.parametrize("mode", MODES)
def test_histogram_of_every_power_of_two(mode: str) -> None:
    powers = np.float32(2.0) ** np.arange(-40, 20, dtype=np.float32)
    x = np.concatenate([powers, -powers, np.nextafter(powers, np.float32(0)), [0.0, -0.0, np.nan, np.inf, -np.inf]])
    found = run(histograms.histogram, tf.constant(x, tf.float32), mode=mode).numpy()
    np.testing.assert_array_equal(found, naive.histogram(x))


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, st.integers(0, 30), elements=st.floats(width=32)))
def test_histogram_of_any_array(x: np.ndarray) -> None:
    np.testing.assert_array_equal(histograms.histogram(tf.constant(x)).numpy(), naive.histogram(x))


@pytest.mark.parametrize("mode", MODES)
def test_class_counts_leave_out_what_is_no_class(mode: str) -> None:
    labels = tf.constant([[0], [2], [2], [-1], [3], [9]])
    assert run(lambda t: data.class_counts(t, 3), labels, mode=mode).numpy().tolist() == [1, 0, 2]


def test_no_tape_follows_a_statistic() -> None:
    x = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(activations.forward(x * 2.0)[0]) + tf.reduce_sum(moments.moments([x * 2.0]))
    assert tape.gradient(y, x) is None
