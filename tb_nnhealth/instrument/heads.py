"""What a model ends in: the activation functions between its last weights and its predictions."""

import tensorflow as tf

ACTIVATIONS = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Selu": "selu",
    "Softplus": "softplus",
    "Softsign": "softsign",
}
"""TensorFlow's operations by the names that Keras gives them."""

PASSING = ("Identity", "IdentityN", "Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose", "StopGradient")
"""Operations that change no value."""

LINEAR = ("MatMul", "BatchMatMulV2", "BiasAdd", "Conv2D", "Conv3D", "Einsum", "AddV2", "Add", "Sub", "Mean")


def last_activations(prediction: tf.Tensor) -> tuple[str, ...] | None:
    """Returns the activation functions that made a prediction, the last one first.

    Read from the operations of the traced step, so that it holds for a subclassed model, too, that
    calls them itself. `()` where the prediction comes straight from a linear operation; None where it
    cannot be told: in an eager step, or behind operations that are none of these.
    """
    if tf.executing_eagerly():
        return None
    found = []
    operation = prediction.op
    while operation.type in PASSING or operation.type in ACTIVATIONS:
        if operation.type in ACTIVATIONS:
            found.append(ACTIVATIONS[operation.type])
        operation = operation.inputs[0].op
    return tuple(found) if found or operation.type in LINEAR else None
