"""What lies between two places of a traced graph."""

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.effects import RANDOM

HOLDING = ("StopGradient", "PreventGradient")
"""Operations that pass their value on, and no gradient."""

STEPPED = (
    *("Round", "Rint", "Floor", "Ceil", "Sign", "ArgMax", "ArgMin", "Bucketize", "OneHot", "TopKV2", "FloorDiv"),
    *("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "PyFunc", "EagerPyFunc"),
)
"""Operations whose result does not change with small changes of what they are given, or has no derivative."""

ROUNDING = ("FakeQuant", "QuantizeAndDequantize")
"""What the names of those operations begin with that TensorFlow gives a gradient as if they did not round."""


def between(starts: Iterable[tf.Tensor], ends: Iterable[tf.Tensor]) -> list[Any]:
    """Returns the operations on the ways from some tensors to others, and what they need beside."""
    first = {tensor.name for tensor in starts}
    found: dict[str, Any] = {}
    waiting = [tensor for tensor in ends if tensor.name not in first]
    while waiting:
        operation = waiting.pop().op
        if operation.name not in found:
            found[operation.name] = operation
            waiting += [tensor for tensor in operation.inputs if tensor.name not in first]
    return list(found.values())


def depends(tensor: tf.Tensor, on: Sequence[tf.Tensor]) -> bool:
    """Returns whether a tensor is computed from one of others."""
    names = {other.op.name for other in on}
    return any(operation.name in names for operation in between([], [tensor]))


def held(operations: Iterable[Any]) -> list[tf.Tensor]:
    """Returns the floats whose gradient is held back."""
    return [op.outputs[0] for op in operations if op.type in HOLDING and op.outputs[0].dtype.is_floating]


def hides_held(graph: Any, operations: Iterable[Any]) -> bool:
    """Returns whether a gradient is held back within a loop, a branch or a function that the operations call."""
    bodies = {function.signature.name: function for function in graph.as_graph_def().library.function}
    waiting = [name for operation in operations for name in _called(operation.node_def)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in bodies and name not in seen:
            seen.add(name)
            if any(node.op in HOLDING for node in bodies[name].node_def):
                return True
            waiting += [called for node in bodies[name].node_def for called in _called(node)]
    return False


def surrogates(operations: Iterable[Any]) -> list[tuple[list[tf.Tensor], tf.Tensor]]:
    """Returns the floats that are given, and the first result, of whatever among operations has a gradient that is not
    derived from what it computes."""
    found = []
    for operation in operations:
        if operation.type.startswith(ROUNDING):
            found.append((list(operation.inputs), operation.outputs[0]))
        elif _is_custom(operation):  # It passes on the results first, then what they were computed of.
            result, *others = operation.inputs
            found.append(([tensor for tensor in others if depends(result, [tensor])], result))
    return [([tensor for tensor in given if tensor.dtype.is_floating], result) for given, result in found]


def _called(node: Any) -> list[str]:
    functions = [f for a in node.attr.values() for f in (a.func, *a.list.func)]
    return [function.name for function in functions if function.name]


def drawn(graph: Any) -> list[tf.Tensor]:
    """Returns the random numbers that a graph draws anew each time."""
    return [op.outputs[0] for op in graph.get_operations() if op.type.startswith(RANDOM) and op.op_def.is_stateful]


def suspects(operations: Iterable[Any]) -> list[str]:
    """Returns in words what of operations may keep a gradient from coming through, or change it."""
    names: dict[str, None] = {}
    for operation in operations:
        if operation.type in (*HOLDING, *STEPPED):
            names[operation.type] = None
        if operation.type == "Cast" and not operation.outputs[0].dtype.is_floating:
            names["Cast to " + operation.outputs[0].dtype.name] = None
        if _is_custom(operation):
            names["custom_gradient"] = None
    return list(names)


def _is_custom(operation: Any) -> bool:
    attribute = operation.node_def.attr.get("_gradient_op_type")
    return operation.type == "IdentityN" and attribute is not None and "CustomGradient" in attribute.s.decode()
