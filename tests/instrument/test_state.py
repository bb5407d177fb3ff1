"""What a step changes is brought back to the bit, whatever happens in between."""

import logging

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


def test_many_of_them_are_no_reason_to_warn() -> None:
    said: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = said.append  # type: ignore[method-assign]
    tf.get_logger().addHandler(handler)
    try:
        for _ in range(10):
            state = State(variables())
            state.write(state.read())
    finally:
        tf.get_logger().removeHandler(handler)
    assert not [record.getMessage() for record in said]
