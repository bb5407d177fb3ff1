"""What a traced function does beside computing."""

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from tb_nnhealth.instrument.effects import CHANGES_OF_VARIABLES, RANDOM, has_effects

X = tf.ones([3])
VARIABLE = tf.Variable(X)


def called(act: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: tf.function(act, autograph=False)()


@pytest.mark.parametrize(
    ("act", "beside", "expected"),
    [
        (lambda: tf.reduce_sum(X * VARIABLE), (), False),
        (lambda: VARIABLE.assign_add(X), (), True),
        (lambda: VARIABLE.assign_add(X), CHANGES_OF_VARIABLES, False),
        (called(lambda: VARIABLE.assign_add(X)), (), True),
        (lambda: tf.random.normal([3]), CHANGES_OF_VARIABLES, True),
        (lambda: tf.random.normal([3]), RANDOM, False),
        (lambda: tf.random.stateless_normal([3], [1, 2]), (), False),
        (lambda: tf.print(X), (*CHANGES_OF_VARIABLES, *RANDOM), True),
        (lambda: tf.numpy_function(lambda x: x, [X], tf.float32), (*CHANGES_OF_VARIABLES, *RANDOM), True),
        (lambda: tf.cond(X[0] > 0, lambda: VARIABLE.assign(X), lambda: X), (), True),
        (lambda: tf.cond(X[0] > 0, lambda: 2 * X, lambda: X), (), False),
    ],
)
def test_what_has_effects(act: Callable[[], Any], beside: tuple[str, ...], expected: bool) -> None:
    def run() -> None:
        act()

    assert has_effects(tf.function(run, autograph=False).get_concrete_function().graph, beside) is expected
