"""The branch that is only taken where a condition does not hold, in a graph and without one."""

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.statistics.branch import rare, unless


@pytest.mark.parametrize("is_eager", [False, True])
def test_the_value_is_kept_or_made_anew(is_eager: bool) -> None:
    calls = tf.Variable(0)

    def act(x: tf.Tensor) -> list[tf.Tensor]:
        calls.assign_add(1)
        return [x + 1.0, tf.size(x)]

    def choose(x: tf.Tensor) -> list[tf.Tensor]:
        return unless(tf.reduce_all(x > 0.0), [2.0 * x, tf.constant(-1)], act, [x])

    chosen = choose if is_eager else tf.function(choose, autograph=False)
    kept, number = chosen(tf.constant([1.0, 2.0]))
    assert (kept.numpy().tolist(), int(number), int(calls)) == ([2.0, 4.0], -1, 0)
    made, number = chosen(tf.constant([-1.0, 2.0]))
    assert (made.numpy().tolist(), int(number), int(calls)) == ([0.0, 3.0], 2, 1)


def test_an_act_may_return_nothing() -> None:
    seen = tf.Variable(tf.zeros([2]))

    def act(x: tf.Tensor) -> None:
        seen.assign(x)

    @tf.function(autograph=False)
    def step(x: tf.Tensor) -> None:
        assert unless(tf.reduce_all(tf.math.is_finite(x)), [], act, [x]) == []

    step(tf.constant([1.0, 2.0]))
    assert not seen.numpy().any()
    step(tf.constant([np.inf, 2.0]))
    assert np.isinf(seen.numpy()[0])


def test_a_rare_function_is_called_and_not_copied() -> None:
    rest = rare(None)(lambda x: tf.where(tf.math.is_finite(x), x, 0.0))

    @tf.function(autograph=False)
    def step(x: tf.Tensor, y: tf.Tensor) -> list[tf.Tensor]:
        def mended(x: tf.Tensor) -> tf.Tensor:
            return tf.cond(tf.reduce_all(tf.math.is_finite(x)), lambda: x, lambda: rest(x))

        return [mended(x), mended(y)]

    made = step(tf.constant([np.inf, 2.0]), tf.constant([1.0]))
    assert [each.numpy().tolist() for each in made] == [[0.0, 2.0], [1.0]]
    library = step.get_concrete_function(*made).graph.as_graph_def().library.function
    (called,) = {node.attr["f"].func.name for each in library for node in each.node_def if "Call" in node.op}
    (own,) = [each for each in library if each.signature.name == called]
    assert own.attr["_noinline"].b
