"""A custom gradient that is registered in the block lasts as long as its graph, and no longer."""

import gc
import weakref

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.keeping import custom_gradients as module
from tb_nnhealth.flight.keeping.custom_gradients import collectable_gradients


def test_a_graph_is_derived_as_long_as_it_is_held_and_goes_with_the_last_reference():
    def traced():
        function = tf.function(lambda x: tf.clip_by_norm(x, 1.0))
        return function.get_concrete_function(tf.TensorSpec([2]))

    with collectable_gradients():
        function = traced()
    gc.collect()
    x = tf.constant([0.3, 0.4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    np.testing.assert_allclose(tape.gradient(y, x), [1.0, 1.0])
    graph = weakref.ref(function.graph)
    del function, tape, y
    gc.collect()
    assert graph() is None


def test_what_was_registered_before_stays_as_it_is():
    function = tf.function(lambda x: tf.clip_by_norm(x, 1.0))
    concrete = function.get_concrete_function(tf.TensorSpec([2]))
    with collectable_gradients():
        pass
    x = tf.constant([0.3, 0.4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = concrete(x)
    np.testing.assert_allclose(tape.gradient(y, x), [1.0, 1.0])


def test_a_tensorflow_without_such_a_register_is_left_alone(monkeypatch):
    monkeypatch.delattr(module.ops, "gradient_registry")
    with collectable_gradients():
        assert tf.clip_by_norm(tf.constant([3.0, 4.0]), 1.0).shape == (2,)
