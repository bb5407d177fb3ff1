"""Many tensors at once, small and large: each gives what it gives alone."""

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.statistics import moments
from tests.statistics import naive
from tests.statistics.test_statistics import NASTY, assert_close


def test_each_tensor_is_measured_for_itself() -> None:
    rng = np.random.default_rng(0)
    arrays = [x.astype(np.float32) for x in NASTY.values()]
    arrays += [
        np.zeros(0, np.float32),
        rng.normal(size=300_000).astype(np.float32),
        rng.normal(size=1).astype(np.float32),
    ]
    found = moments.moments([tf.constant(x) for x in arrays]).numpy()
    for x, row in zip(arrays, found, strict=True):
        assert_close(dict(zip(moments.COLUMNS, row, strict=True)), naive.moments(x))


def test_tensors_of_unknown_shape() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, None])], autograph=False)
    def measured(x: tf.Tensor) -> tf.Tensor:
        return moments.moments([x, tf.constant([1.0, 2.0])])

    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert_close(dict(zip(moments.COLUMNS, measured(x).numpy()[0], strict=True)), naive.moments(x))


@pytest.mark.parametrize("offset", [0.0, 1.0, 1.9, 2.1, 30.0, 3e4])
@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1.0, 1e9, 1e30])
def test_a_large_tensor_wherever_its_values_lie(offset: float, scale: float) -> None:
    z = np.random.default_rng(1).gamma(2.0, size=(300, 100))  # skewed: 1.4, and heavy in one tail
    x = ((z - 2.0) / np.sqrt(2.0) + offset).astype(np.float32) * np.float32(scale)
    found = moments.moments([tf.constant(x)]).numpy()[0]
    assert_close(dict(zip(moments.COLUMNS, found, strict=True)), naive.moments(x))


@pytest.mark.parametrize("in_graph", [False, True])
def test_one_bad_tensor_among_good_ones(in_graph: bool) -> None:
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=20_000).astype(np.float32) for _ in range(3)]
    arrays[1][7] = np.nan
    arrays.append(np.zeros(20_000, np.float32))
    measured = tf.function(lambda *x: moments.moments(list(x)), autograph=False) if in_graph else None
    tensors = [tf.constant(x) for x in arrays]
    found = moments.moments(tensors) if measured is None else measured(*tensors)
    for x, row in zip(arrays, found.numpy(), strict=True):
        assert_close(dict(zip(moments.COLUMNS, row, strict=True)), naive.moments(x))


@pytest.mark.parametrize("in_graph", [False, True])
def test_zeros_are_told_from_numbers_whose_square_is_zero(in_graph: bool) -> None:
    x = np.random.default_rng(3).normal(size=20_000).astype(np.float32)
    with_zeros, with_tiny = x.copy(), x.copy()
    with_zeros[:50], with_zeros[50:70], with_tiny[:50] = 0.0, -0.0, 1e-30
    measured = tf.function(lambda *x: moments.moments(list(x)), autograph=False) if in_graph else None
    tensors = [tf.constant(x) for x in (x, with_zeros, with_tiny)]
    found = (moments.moments(tensors) if measured is None else measured(*tensors)).numpy()
    place = {name: i for i, name in enumerate(moments.COLUMNS)}
    np.testing.assert_array_equal(found[:, place["zero_fraction"]] * 20_000, [0.0, 70.0, 0.0])
    np.testing.assert_array_equal(found[:, place["absmax"]], np.abs(x).max())
