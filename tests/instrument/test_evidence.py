"""What a step began with can be brought back."""

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.evidence import Evidence


def test_batch_and_variables_come_back() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    before = model.get_weights()
    batch = {
        "dense": tf.ones([4, 2]),
        "sparse": tf.sparse.from_dense([[0.0, 3.0], [2.0, 0.0]]),
        "ragged": tf.ragged.constant([[1, 2], [], [3]]),
        "parts": (None, tf.constant(["a"])),
    }
    evidence = Evidence(model, batch)
    evidence.keep(evidence.tensors)
    model.set_weights([weight + 1 for weight in before])
    kept = evidence.batch()
    assert kept["sparse"].values.numpy().tolist() == [3.0, 2.0]
    assert kept["sparse"].dense_shape.numpy().tolist() == [2, 2]
    assert kept["ragged"].to_list() == [[1, 2], [], [3]]
    assert kept["dense"].numpy().tolist() == [[1.0, 1.0]] * 4
    assert kept["parts"][0] is None and kept["parts"][1].numpy().tolist() == [b"a"]
    evidence.bring_back()
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
