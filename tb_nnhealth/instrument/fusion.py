"""Which outputs must not be read, for TensorFlow computes them and the activation function behind them as one.

The fused kernels round otherwise than the operations by themselves, and are used only where nothing else reads what
is in between: to measure it would change the training by a bit.
"""

from collections.abc import Iterator

import tensorflow as tf

LINEAR = ("MatMul", "Conv2D", "Conv3D", "DepthwiseConv2dNative")
SUMS = ("BiasAdd", "Add", "AddV2")
ACTIVATIONS = ("Tanh", "Sigmoid", "Elu")
"""Those whose gradient needs their result only: that of others reads what is in between, and so keeps it from being
fused. A ReLU's result is the same either way."""


def is_fused(output: tf.Tensor) -> bool:
    """Returns whether an output is a linear layer's, and fused with what reads it in its graph as it is now."""
    if not tf.is_symbolic_tensor(output) or output.op.type not in SUMS:
        return False
    is_linear = any(summand.op.type in LINEAR for summand in output.op.inputs)
    return is_linear and any(operation.type in ACTIVATIONS for operation in _readers(output))


def _readers(tensor: tf.Tensor) -> Iterator[tf.Operation]:
    """Yields the operations that read a tensor, also through identities."""
    for operation in tensor.consumers():
        if operation.type in ("Identity", "IdentityN"):
            for given, same in zip(operation.inputs, operation.outputs, strict=True):
                if given is tensor:
                    yield from _readers(same)
        else:
            yield operation
