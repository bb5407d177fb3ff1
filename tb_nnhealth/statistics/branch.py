"""Branches that cost nothing in the steps in which they are not taken."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def rare(*shape: int | None) -> Callable[[Any], Any]:
    """Returns what makes a function of one float32 tensor of this shape one that graphs call and do not copy.

    Compiling a step, TensorFlow would else write it out at each of its calls, and optimize each anew: of a CNN's many
    layers, that takes seconds and hundreds of MiB.
    """
    signature = [tf.TensorSpec(shape, tf.float32)]
    made: Callable[[Any], Any] = tf.function(
        input_signature=signature, autograph=False, experimental_attributes={"_noinline": True}
    )
    return made


def unless(
    condition: tf.Tensor, value: Sequence[tf.Tensor], act: Callable[..., Any], tensors: Sequence[tf.Tensor]
) -> list[tf.Tensor]:
    """Returns `value` where the condition holds, else what `act` makes of the tensors, of the same shapes and dtypes.

    An `If` operation, which runs a branch as a function of its own. `tf.cond` would be taken apart into switches
    for each tensor, and every operation of a graph with switches costs more, also in the steps in which all is well.
    """
    if tf.executing_eagerly():
        return list(value) if condition else list(act(*tensors) or ())
    kept = len(value)
    given = [*value, *tensors]
    otherwise = _function(lambda *all_of_it: act(*all_of_it[kept:]), given)
    given += otherwise.captured_inputs
    keep = _function(lambda *all_of_it: list(map(tf.identity, all_of_it[:kept])), given)
    chosen = tf.raw_ops.If(
        cond=condition,
        input=given,
        Tout=[tensor.dtype for tensor in value],
        output_shapes=[tensor.shape for tensor in value],
        then_branch=keep,
        else_branch=otherwise,
    )
    return list(chosen) if value else []


def _function(act: Callable[..., Any], tensors: Sequence[tf.Tensor]) -> Any:
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    return tf.function(act, autograph=False).get_concrete_function(*specs)
