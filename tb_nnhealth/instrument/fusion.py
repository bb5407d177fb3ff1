"""Which outputs must not be read, for TensorFlow rewrites them together with what is behind them.

It computes some operations as one that follow each other (a layer's sum and the activation function behind it, or the
addition of a residual), and takes chains of additions and multiplications together. That rounds otherwise than the
operations by themselves, and is done only where nothing else reads what is in between: to measure it would change
the training by a bit.
"""

from collections.abc import Iterator

import tensorflow as tf

LINEAR = ("MatMul", "Conv2D", "Conv3D", "DepthwiseConv2dNative")
SUMS = ("BiasAdd", "Add", "AddV2", "AddN")
ARITHMETIC = (*SUMS, "Sub", "Mul", "RealDiv", "Neg")
ACTIVATIONS = ("Tanh", "Sigmoid", "Elu")
"""Those whose gradient needs their result only: that of others reads what is in between, and so keeps it from being
fused. A ReLU's result is the same either way."""


def is_rewritten(output: tf.Tensor) -> bool:
    """Returns whether an output or gradient has one reader in its graph as it is now, and is rewritten with it."""
    if (
        not isinstance(output, tf.Tensor)
        or not tf.is_symbolic_tensor(output)
        or output.op.type not in (*LINEAR, *ARITHMETIC)
    ):
        return False
    readers = {operation.name: operation.type for operation in _readers(output)}
    if len(readers) != 1:
        return False
    (reader,) = readers.values()
    if output.op.type in SUMS:
        is_linear = any(summand.op.type in LINEAR for summand in output.op.inputs)
        return (reader in SUMS and (is_linear or output.op.type != "BiasAdd")) or (is_linear and reader in ACTIVATIONS)
    return reader in (SUMS if output.op.type in LINEAR else ARITHMETIC)


def _readers(tensor: tf.Tensor) -> Iterator[tf.Operation]:
    """Yields the operations that read a tensor, also through identities."""
    for operation in tensor.consumers():
        if operation.type in ("Identity", "IdentityN"):
            for given, same in zip(operation.inputs, operation.outputs, strict=True):
                if given is tensor:
                    yield from _readers(same)
        else:
            yield operation
