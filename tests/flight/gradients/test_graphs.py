"""What is found in a graph between two places."""

import tensorflow as tf

from tb_nnhealth.flight.gradients import graphs


def surrogates(function):
    traced = tf.function(function, autograph=False).get_concrete_function(*2 * [tf.TensorSpec((3,), tf.float32)])
    return graphs.surrogates(graphs.between([], traced.graph.outputs)), traced.graph.inputs


@tf.custom_gradient
def straight_through(x, scale):
    whole = tf.cast(x / scale, tf.int32)
    return tf.cast(whole, tf.float32) * scale, lambda upstream: (upstream, None)


def test_a_gradient_by_hand_is_found_with_what_is_given_to_it():
    found, (x, scale) = surrogates(lambda x, scale: tf.exp(straight_through(x, tf.square(scale))))
    ((given, result),) = found
    assert [tensor.op.type for tensor in given] == ["Placeholder", "Square"] and result.op.type == "Mul"
    assert graphs.depends(given[0], [x]) and graphs.depends(given[1], [scale])


def test_roundings_that_tensorflow_takes_for_none_are_found():
    ((given, result),), _ = surrogates(lambda x, y: tf.quantization.fake_quant_with_min_max_args(x) + tf.round(y))
    assert result.op.type == "FakeQuantWithMinMaxArgs" and len(given) == 1
