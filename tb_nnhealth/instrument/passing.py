"""An identity that shows the gradient which flows back through it, and leaves nothing behind.

TensorFlow registers the gradient of a `tf.custom_gradient` that is traced for good, and with it the graph, the model
and whatever else the gradient knows. Once a step is traced nobody asks for it again.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import tensorflow as tf
from tensorflow.python.framework import ops

_names: ContextVar[list[str] | None] = ContextVar("names", default=None)


def watched(tensor: tf.Tensor, on_gradient: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Returns the tensor behind an identity, whose gradient is what `on_gradient` makes of the one that it is given."""

    @tf.custom_gradient
    def identity(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.identity(x), on_gradient

    passed = identity(tensor)
    names = _names.get()
    if names is not None and tf.is_symbolic_tensor(passed):
        with contextlib.suppress(ValueError):
            names.append(passed.op.get_attr("_gradient_op_type").decode())
    return passed


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Takes the gradients that were registered within the block, by this module and thread, out of the registry."""
    before = _names.set([])
    try:
        yield
    finally:
        for name in _names.get() or ():
            getattr(ops.gradient_registry, "_registry", {}).pop(name, None)
        _names.reset(before)
