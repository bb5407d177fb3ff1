"""A traced graph in double precision: the same operations on float64, whatever types the code that was traced names.

Finite differences need more digits than float32 has. Layers and losses cast to float32 and hold float32 constants, so
that calling them with float64 would fail or round; the graph that they leave can be rewritten after the fact.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2, graph_pb2, node_def_pb2, types_pb2
from tensorflow.python.framework import op_def_registry

DOUBLE = types_pb2.DT_DOUBLE
FLOATS = (types_pb2.DT_FLOAT, types_pb2.DT_HALF, types_pb2.DT_BFLOAT16)

TYPED_ELSEWHERE = (
    *("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "LookupTableFindV2"),
    *("PyFunc", "PyFuncStateless", "EagerPyFunc"),
)
"""Operations that give what a variable or a table holds, or Python returns: of a type that the graph cannot change."""


class NotDoubled(Exception):
    """Raised where a graph has what cannot be had in double precision."""


def doubled(definition: graph_pb2.GraphDef, suffix: str) -> graph_pb2.GraphDef:
    """Returns the graph with float64 in the place of each smaller float.

    Operations that know no float64 stay as they are, between casts.

    Args:
      definition: the graph with its functions.
      suffix: ends the names of its functions, of which TensorFlow knows those of all graphs by their names.

    Raises:
      NotDoubled: one of these stands in a loop, a branch or a function.
    """
    made = graph_pb2.GraphDef(versions=definition.versions)
    for node in definition.node:
        made.node.extend(_kept(node) if _is_kept(node) else [_doubled(node)])
    for function in definition.library.function:
        made.library.function.add().CopyFrom(_function(function))
    _rename(made, {function.signature.name for function in made.library.function}, suffix)
    return made


def _rename(definition: graph_pb2.GraphDef, names: set[str], suffix: str) -> None:
    """Gives the functions of a graph other names, wherever it calls them."""
    functions = definition.library.function
    for node in (*definition.node, *(node for function in functions for node in function.node_def)):
        node.op += suffix if node.op in names else ""
        for attribute in node.attr.values():
            for called in (attribute.func, *attribute.list.func) if _calls(attribute) else ():
                called.name += suffix if called.name in names else ""
    for function in functions:
        function.signature.name += suffix


def _calls(attribute: attr_value_pb2.AttrValue) -> bool:
    return attribute.HasField("func") or (attribute.HasField("list") and bool(attribute.list.func))


def _function(function: Any) -> Any:
    made = type(function)()
    made.CopyFrom(function)
    for argument in (*made.signature.input_arg, *made.signature.output_arg):
        argument.type = _type(argument.type)
    del made.node_def[:]
    for node in function.node_def:
        if _is_kept(node):
            raise NotDoubled(f"{node.op} knows no float64, in a function of the graph")
        made.node_def.append(_doubled(node))
    return made


def _doubled(node: node_def_pb2.NodeDef) -> node_def_pb2.NodeDef:
    made = node_def_pb2.NodeDef()
    made.CopyFrom(node)
    for name, attribute in made.attr.items():
        if not name.startswith("_"):
            _double(attribute)
    return made


def _double(attribute: attr_value_pb2.AttrValue) -> None:
    kind = attribute.WhichOneof("value")
    if kind == "type":
        attribute.type = _type(attribute.type)
    elif kind == "list":
        attribute.list.type[:] = map(_type, attribute.list.type)
    elif kind == "tensor" and attribute.tensor.dtype in FLOATS:
        values = tf.make_ndarray(attribute.tensor).astype(np.float64)
        attribute.tensor.CopyFrom(tf.make_tensor_proto(values, tf.float64, values.shape))


def _type(kind: int) -> int:
    return DOUBLE if kind in FLOATS else kind


def _is_kept(node: node_def_pb2.NodeDef) -> bool:
    """Returns whether an operation computes with a smaller float, and cannot do otherwise."""
    known = op_def_registry.get(node.op)
    if known is None or not _has_floats(node, known):
        return False
    fixed = any(argument.type in FLOATS for argument in (*known.input_arg, *known.output_arg))
    narrow = any(
        node.attr[attribute.name].type in FLOATS and _excludes_double(attribute)
        for attribute in known.attr
        if attribute.type == "type" and attribute.name in node.attr
    )
    return node.op in TYPED_ELSEWHERE or fixed or narrow


def _has_floats(node: node_def_pb2.NodeDef, known: Any) -> bool:
    kinds = [kind for argument in (*known.input_arg, *known.output_arg) for kind in _kinds(argument, node)]
    return any(kind in FLOATS for kind in kinds)


def _excludes_double(attribute: Any) -> bool:
    allowed = attribute.allowed_values.list.type
    return bool(allowed) and DOUBLE not in allowed


def _kept(node: node_def_pb2.NodeDef) -> list[node_def_pb2.NodeDef]:
    """Returns the operation under another name between casts, of which those behind it go by its own outputs' names.

    It may have one output that is a float.
    """
    known = op_def_registry.get(node.op)
    given = [kind for argument in known.input_arg for kind in _kinds(argument, node)]
    gives = [kind for argument in known.output_arg for kind in _kinds(argument, node)]
    if len(gives) != 1:
        raise NotDoubled(f"{node.op} knows no float64")
    inner = node_def_pb2.NodeDef()
    inner.CopyFrom(node)
    inner.name = f"{node.name}__single"
    casts = []
    for index, (source, kind) in enumerate(zip(node.input, given, strict=False)):
        if kind in FLOATS:
            casts.append(_cast(f"{node.name}__input{index}", source, DOUBLE, kind))
            inner.input[index] = casts[-1].name
    ending = (
        _cast(node.name, inner.name, gives[0], DOUBLE) if gives[0] in FLOATS else _same(node.name, inner.name, gives[0])
    )
    return [*casts, inner, ending]


def _kinds(argument: Any, node: node_def_pb2.NodeDef) -> Iterable[int]:
    """Yields the types of an operation's argument, one for each tensor of it."""
    count = node.attr[argument.number_attr].i if argument.number_attr else 1
    if argument.type_list_attr:
        return list(node.attr[argument.type_list_attr].list.type)
    return [node.attr[argument.type_attr].type if argument.type_attr else argument.type] * count


def _cast(name: str, source: str, given: int, wanted: int) -> node_def_pb2.NodeDef:
    made = node_def_pb2.NodeDef(name=name, op="Cast", input=[source])
    made.attr["SrcT"].type = given
    made.attr["DstT"].type = wanted
    return made


def _same(name: str, source: str, kind: int) -> node_def_pb2.NodeDef:
    made = node_def_pb2.NodeDef(name=name, op="Identity", input=[source])
    made.attr["T"].type = kind
    return made
