"""Examples as TensorFlow takes them."""

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch, as_tensors


def test_numbers_are_of_the_kind_that_keras_computes_with_and_the_rest_as_it_is():
    found = as_tensors({"table": np.ones((2, 3)), "ids": np.array([1, 2]), "words": np.array(["a", "b"], object)})
    assert {name: tensor.dtype for name, tensor in found.items()} == {
        "table": tf.float32,
        "ids": tf.int64,
        "words": tf.string,
    }


def test_what_there_is_none_of_stays_none():
    x, y, weights = as_batch(Sample(np.arange(3.0), [np.arange(3)]))
    np.testing.assert_array_equal(x, [0, 1, 2])
    np.testing.assert_array_equal(y[0], [0, 1, 2])
    assert weights is None
