"""What a step changes is brought back to the bit, whatever happens in between."""

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.instrument.state import State


def variables() -> list[tf.Variable]:
    return [
        tf.Variable([1.0, -0.0, np.nan]),
        tf.Variable(7, dtype=tf.int64),
        tf.Variable(tf.cast([0.1], tf.bfloat16)),
        tf.Variable(tf.zeros([0, 3])),
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_brought_back(fails: bool) -> None:
    changed = variables()
    state = State(changed)
    before = state.digest()

    def change() -> None:
        with state.taken_back():
            changed[0].assign([2.0, 0.0, 1.0])
            changed[1].assign_add(1)
            assert state.digest() != before
            if fails:
                raise KeyboardInterrupt

    if fails:
        with pytest.raises(KeyboardInterrupt):
            change()
    else:
        change()
    assert state.digest() == before


def test_a_digest_tells_every_bit() -> None:
    zero = State([tf.Variable([0.0])])
    assert zero.digest() != State([tf.Variable([-0.0])]).digest()
    assert zero.digest() == State([tf.Variable([0.0])]).digest()


def test_a_digest_tells_no_nan_from_another() -> None:
    positive, negative = (np.array([bits], np.uint32).view(np.float32) for bits in (0x7FC00000, 0xFFC00001))
    assert np.isnan(positive) and np.isnan(negative)
    assert State([tf.Variable(positive)]).digest() == State([tf.Variable(negative)]).digest()
    assert State([tf.Variable(positive)]).digest() != State([tf.Variable([0.0])]).digest()


def test_it_is_traced_where_it_is_made() -> None:
    """TensorFlow warns of functions that are called only once after each trace."""
    state = State(variables())
    assert isinstance(state.read, tf.types.experimental.ConcreteFunction)
    assert isinstance(state.write, tf.types.experimental.ConcreteFunction)
