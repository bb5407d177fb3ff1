"""The graph of a `tf.data.Dataset`, without the large arrays that it is made of.

TensorFlow writes these into the graph. Parsed, changed and parsed again they would be in memory six times; so they are
left out while they are bytes, and the graph reads them where they are.
"""

import contextlib
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

LARGE = 2**20
"""Arrays of more bytes are left out."""

_MOST_HEADER = 1000
"""What stands around an array in a graph has less bytes: names, its dtype and shape."""

_NODE = 1
_NAME = 1


@contextlib.contextmanager
def written(dataset: Any, tensors: Sequence[Any]) -> Iterator[Any]:
    """Gives the graph of a data set, which is to be run within.

    Args:
      dataset: the data set.
      tensors: those that it is made of, in the order in which they stand in the graph.
    """
    silent = 1  # It need not warn of what has a state: a copy of it is what is wanted.
    serialized = tf.raw_ops.DatasetToGraphV2(input_dataset=dataset._variant_tensor, external_state_policy=silent)
    graph, names = _parsed(serialized.numpy(), [tensor for tensor in tensors if bytes_of(tensor) > LARGE])
    handles = [_read_from(graph, name, tensor) for name, tensor in names]
    try:
        yield graph
    finally:
        for handle in handles:
            tf.raw_ops.DestroyResourceOp(resource=handle)


def bytes_of(tensor: Any) -> int:
    """Returns the bytes of a tensor's values; strings and the like are none."""
    return int(tf.size(tensor)) * tensor.dtype.size if isinstance(tensor, tf.Tensor) else 0


def _parsed(serialized: bytes, tensors: Sequence[Any]) -> tuple[Any, list[tuple[str, Any]]]:
    """Returns the graph without the nodes that hold the tensors, and the names of these with what they hold."""
    waiting, kept, names = deque(tensors), [], []
    for number, payload, whole in _fields(memoryview(serialized)):
        if number == _NODE and waiting and _holds(payload, waiting[0]):
            name = next(bytes(text).decode() for inner, text, _ in _fields(payload) if inner == _NAME)
            names.append((name, waiting.popleft()))
        else:
            kept.append(whole)
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(b"".join(kept))
    return graph, names


def _holds(node: memoryview, tensor: Any) -> bool:
    """Returns whether a node holds a tensor: by its size, first and last values."""
    values = np.asarray(tensor).ravel().view(np.uint8).data
    rest = len(node) - len(values)
    is_there = bytes(values[:64]) in bytes(node[:_MOST_HEADER]) and bytes(values[-64:]) in bytes(node[-_MOST_HEADER:])
    return 0 <= rest < _MOST_HEADER and is_there


def _read_from(graph: Any, name: str, tensor: Any) -> Any:
    """Lets a node read a variable that shares its memory with a tensor, and returns the variable's handle."""
    shared, dtype, shape = f"preflight_{uuid.uuid4().hex}", tensor.dtype, tensor.shape
    handle = tf.raw_ops.VarHandleOp(dtype=dtype, shape=shape, shared_name=shared)
    tf.raw_ops.AssignVariableOp(resource=handle, value=tensor)
    variable = graph.node.add(name=f"{name}/{shared}", op="VarHandleOp")
    variable.attr["shared_name"].s = shared.encode()
    variable.attr["shape"].shape.CopyFrom(shape.as_proto())
    read = graph.node.add(name=name, op="ReadVariableOp", input=[variable.name])
    for node in (variable, read):
        node.attr["dtype"].type = dtype.as_datatype_enum
    return handle


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Yields the fields of a message of protocol buffers: number, payload, and all of it.

    Source: Protocol Buffers, Encoding: a varint of number and wire type; 0 is a varint, 2 a length and so many bytes.
    """
    start = 0
    while start < len(message):
        tag, at = _varint(message, start)
        value, begin = _varint(message, at)
        kind = tag & 7
        if kind not in (0, 2):
            raise ValueError(f"Expected a varint or bytes. Received: wire type {kind}.")
        end = begin + value if kind == 2 else begin
        yield tag >> 3, message[begin:end], message[start:end]
        start = end


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Returns a number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
