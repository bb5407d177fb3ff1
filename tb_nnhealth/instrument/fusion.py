"""Which outputs must not be read, for TensorFlow rewrites them together with what is behind them.

It computes some operations as one that follow each other (a layer's sum and the activation function behind it, or the
addition of a residual), and takes chains of additions and multiplications together. That rounds otherwise than the
operations by themselves, and is done only where nothing else reads what is in between: to measure it would change
the training by a bit.
"""

import functools
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

import tensorflow as tf

LINEAR = ("MatMul", "Conv2D", "Conv3D", "DepthwiseConv2dNative")
SUMS = ("BiasAdd", "Add", "AddV2", "AddN")
PRODUCTS = ("Mul", "RealDiv", "Neg")
ARITHMETIC = (*SUMS, *PRODUCTS, "Sub")
ACTIVATIONS = ("Tanh", "Sigmoid", "Elu")
"""Those whose gradient needs their result only: that of others reads what is in between, and so keeps it from being
fused. A ReLU's result is the same either way."""

ELEMENTWISE = (*ARITHMETIC, *ACTIVATIONS, "Softplus", "Erf", "Erfc", "Pow", "Square", "Relu6")
"""What activation functions of several operations are made of."""

SHAPES = ("Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike", "OptionalFromValue")
"""What reads a shape only, which TensorFlow finds out beforehand: then nothing reads it; and what keeps for a branch's
gradient whatever that might need."""


Key = TypeVar("Key", bound=Hashable)
IsUsed = Callable[[tf.Operation], bool]


def rewritten(tensors: Iterable[tuple[Key, Any]]) -> frozenset[Key]:
    """Returns the keys of those outputs and gradients that are rewritten in their graphs, which are finished.

    What a tape has written there for variables that are not trained has no effect, and is not counted as a reader.
    """
    used = functools.cache(_used)
    return frozenset(key for key, tensor in tensors if is_rewritten(tensor, lambda o: o.name in used(o.graph)))


def intruding(gradients: Iterable[tuple[Key, Any]]) -> frozenset[Key]:
    """Returns the keys of those gradients that a finished graph computes in vain, and that read what is rewritten."""
    used, sums = functools.cache(_used), functools.cache(_rewritten_in)

    def intrudes(gradient: Any) -> bool:
        if not isinstance(gradient, tf.Tensor) or gradient.op.name in used(gradient.graph):
            return False
        needed = _needed([gradient.op], used(gradient.graph))
        return any(not is_rewritten(tensor, lambda o: o.name in needed) for tensor in sums(gradient.graph))

    return frozenset(key for key, gradient in gradients if intrudes(gradient))


def _rewritten_in(graph: tf.Graph) -> list[tf.Tensor]:
    """Returns all that is rewritten in a finished graph."""
    used = _used(graph)
    outputs = [o.outputs[0] for o in graph.get_operations() if o.name in used and o.outputs]
    return [output for output in outputs if is_rewritten(output, lambda o: o.name in used)]


def _used(graph: tf.Graph) -> frozenset[str]:
    """Returns the names of the operations that a graph's results or effects depend on."""
    results = [tensor.op for tensor in getattr(graph, "outputs", ())]
    return _needed(results + [operation for operation in graph.get_operations() if operation.op_def.is_stateful])


def _needed(operations: Iterable[tf.Operation], known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Returns the names of operations and of all that they depend on, together with those known before."""
    found, ahead = set(known), list(operations)
    while ahead:
        operation = ahead.pop()
        if operation.name not in found:
            found.add(operation.name)
            ahead += [*(tensor.op for tensor in operation.inputs), *operation.control_inputs]
    return frozenset(found)


def is_rewritten(output: Any, is_used: IsUsed = lambda operation: True) -> bool:
    """Returns whether an output or gradient is read by one part of its graph as it is now, and is rewritten with it."""
    if (
        not isinstance(output, tf.Tensor)
        or not tf.is_symbolic_tensor(output)
        or output.op.type not in (*LINEAR, *ARITHMETIC)
    ):
        return False
    readers = _readers(output, is_used)
    is_linear = output.op.type in SUMS and any(summand.op.type in LINEAR for summand in output.op.inputs)
    if len(readers) != 1:
        return is_linear and _leads_to_one(output, is_used)
    (reader,) = readers
    if is_linear:
        return reader.type in (*SUMS, *ACTIVATIONS)
    if output.op.type in LINEAR:
        return reader.type in SUMS and len(reader.inputs) == 2
    if output.op.type == "BiasAdd":
        return False
    return reader.type in (SUMS if output.op.type in SUMS and not _may_become_a_product(output.op) else ARITHMETIC)


def _may_become_a_product(sum_: tf.Operation) -> bool:
    """Returns whether a sum may be taken for a product: where zero is added to one, or its terms share a factor."""
    terms = [term.op for term in sum_.inputs]
    if any(term.type == "Const" for term in terms):
        return True
    factors = [{factor.name for factor in term.inputs} for term in terms if term.type in PRODUCTS]
    return len(factors) == len(terms) and bool(set.intersection(*factors))


def _leads_to_one(tensor: tf.Tensor, is_used: IsUsed) -> bool:
    """Returns whether all that is made of a tensor, element by element, meets again in one operation."""
    ahead = {_place(operation): operation for operation in _readers(tensor, is_used)}
    while len(ahead) > 1:
        operation = ahead.pop(min(ahead))
        behind = _readers(operation.outputs[0], is_used) if operation.type in ELEMENTWISE else []
        if not behind:
            return False
        ahead |= {_place(reader): reader for reader in behind}
    return bool(ahead)


def _place(operation: tf.Operation) -> int:
    """Returns when an operation was made: before all that read it."""
    return int(operation._id)


def _readers(tensor: tf.Tensor, is_used: IsUsed) -> list[tf.Operation]:
    """Returns the operations that read a tensor's values, of those that are made one only one."""
    found = [operation for operation in _consumers(tensor) if operation.type not in SHAPES and is_used(operation)]
    return list({(o.type, *(i.name for i in o.inputs)): o for o in reversed(found)}.values())


def _consumers(tensor: tf.Tensor) -> Iterator[tf.Operation]:
    """Yields the operations that take a tensor, also through identities."""
    for operation in tensor.consumers():
        if operation.type in ("Identity", "IdentityN"):
            for given, same in zip(operation.inputs, operation.outputs, strict=True):
                if given is tensor:
                    yield from _consumers(same)
        else:
            yield operation
