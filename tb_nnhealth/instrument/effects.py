"""What a traced function may do beside computing: change variables, draw random numbers, print, call Python."""

from typing import Any

from tensorflow.python.framework import op_def_registry

HARMLESS = (
    *("ReadVariableOp", "ResourceGather", "VarHandleOp", "StatefulPartitionedCall", "If", "While", "Case", "Assert"),
    *("TensorArray", "CudnnRNN"),
)
"""What the names of those stateful operations begin with that change nothing outside of their function."""

RANDOM = ("Random", "ParameterizedTruncatedNormal", "TruncatedNormal", "Multinomial")
"""Those that draw random numbers; what they draw from belongs to the function."""

CHANGES_OF_VARIABLES = ("Assign", "ResourceApply", "ResourceSparseApply", "ResourceScatter", "ResourceStridedSlice")
"""Those that change variables, which can be read before and brought back after."""


def has_effects(graph: Any, beside: tuple[str, ...]) -> bool:
    """Returns whether a function that is traced may do what is neither harmless nor one of the operations `beside`,
    given by what their names begin with; in itself or in the functions that it calls."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    used = {node.op for node in nodes if not node.op.startswith((*HARMLESS, *beside))}
    return any((known := op_def_registry.get(name)) is not None and known.is_stateful for name in used)
