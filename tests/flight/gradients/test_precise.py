"""Graphs in double precision."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tb_nnhealth.flight.gradients.doubled import NotDoubled
from tb_nnhealth.flight.gradients.precise import Precise

X = np.linspace(-1, 1, 12).astype("float32").reshape(3, 4)


def twin(function, *arguments, is_double=True):
    traced = tf.function(function, autograph=False).get_concrete_function(*map(tf.constant, arguments))
    return Precise(traced, [tf.constant(argument) for argument in arguments], is_double), traced


def answer(function, *arguments, feeds=None):
    made, traced = twin(function, *arguments)
    (value,) = made.run(traced.graph.outputs, feeds or {})
    return made, value.numpy()


def test_casts_and_constants_of_float32_lose_no_digits():
    made, found = answer(lambda x: tf.exp(tf.cast(x, tf.float32) * tf.constant(0.5)), X)
    assert made.is_double and found.dtype == np.float64
    np.testing.assert_allclose(found, np.exp(X.astype("float64") * 0.5), rtol=1e-15)


def test_half_precision_does_not_either():
    _, found = answer(lambda x: tf.cast(tf.tanh(tf.cast(x, tf.float16)), tf.float32), X)
    np.testing.assert_allclose(found, np.tanh(X.astype("float64")), rtol=1e-14)


def test_a_loop_is_rewritten_with_what_it_calls():
    def loop(x):
        return tf.while_loop(lambda i, _: i < 5, lambda i, y: (i + 1, tf.sin(y)), [tf.constant(0), x])[1]

    expected = X.astype("float64")
    for _ in range(5):
        expected = np.sin(expected)
    _, found = answer(loop, X)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_what_knows_no_float64_stays_as_it_is():
    image = np.random.default_rng(0).random((1, 4, 4, 1)).astype("float32")
    made, found = answer(lambda x: tf.image.resize(x, (8, 8)) * 2, image)
    assert made.is_double
    np.testing.assert_allclose(found, tf.image.resize(image, (8, 8)) * 2, rtol=1e-6)


def test_a_variable_that_is_read_is_cast():
    variable = tf.Variable([0.1, 0.2, 0.3, 0.4])
    made, found = answer(lambda x: tf.exp(x * variable), X)
    assert made.is_double
    np.testing.assert_allclose(found, np.exp(X.astype("float64") * variable.numpy().astype("float64")), rtol=1e-15)


def test_a_graph_that_cannot_be_rewritten_can_be_run_as_it_is():
    def resized(x):
        return tf.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, tf.image.resize(y, (4, 4))), [tf.constant(0), x])[
            1
        ]

    image = np.ones((1, 4, 4, 1), "float32")
    with pytest.raises(NotDoubled, match="ResizeBilinear"):
        twin(resized, image)
    made, traced = twin(resized, image, is_double=False)
    assert made.run(traced.graph.outputs, {})[0].dtype == np.float32


def test_what_python_returns_keeps_its_type():
    _, found = answer(lambda x: 2 * tf.numpy_function(lambda v: np.abs(v).astype("float32"), [x], tf.float32), X)
    np.testing.assert_array_equal(found, 2 * np.abs(X).astype("float64"))


def test_any_tensor_can_be_given_instead():
    def function(x):
        return tf.stop_gradient(tf.sin(x)) * 2

    made, traced = twin(function, X)
    (stopped,) = (op.outputs[0] for op in traced.graph.get_operations() if op.type == "StopGradient")
    (found,) = made.run(traced.graph.outputs, {stopped.name: np.full(X.shape, 3.0)})
    np.testing.assert_array_equal(found, np.full(X.shape, 6.0))


DENSE = """
import contextlib, sys
import tensorflow as tf
from tb_nnhealth.flight.gradients.precise import Precise, unfused

def dense(x):
    return tf.nn.relu(tf.nn.bias_add(tf.matmul(x, x), tf.ones([4])))

x = tf.eye(4)
traced = tf.function(dense, autograph=False).get_concrete_function(x)
with unfused() if sys.argv[1] == "unfused" else contextlib.nullcontext():
    Precise(traced, [x]).run(traced.outputs, {})
print(tf.config.optimizer.get_experimental_options().get("remapping"))
"""


@pytest.mark.slow
def test_tensorflow_does_not_warn_of_each_operation_in_float64():
    def run(how):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
        command = [sys.executable, "-c", DENSE, how]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)

    if "DT_DOUBLE" not in run("fused").stderr:
        pytest.skip("this TensorFlow does not warn of float64")
    found = run("unfused")
    assert "DT_DOUBLE" not in found.stderr
    assert found.stdout.split()[-1] == "None"
