"""Many tensors at once, small and large: each gives what it gives alone."""

import numpy as np
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
