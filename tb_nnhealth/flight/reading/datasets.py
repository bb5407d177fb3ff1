"""A `tf.data.Dataset` that is read beside the user's own.

`shuffle` counts how often it was iterated, and `cache` keeps what it was given first. A copy of the data set's graph,
in which these are not shared with the original, can be read without the original taking notice.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tb_nnhealth.flight.reading import dataset_graphs

MOST_BYTES = 512 * 2**20
"""A graph holds the arrays that the data set is made of, twice for a moment; it is copied where they are no larger."""

_CACHES = ("CacheDataset", "CacheDatasetV2", "SnapshotDataset", "SnapshotDatasetV2")
_COUNTED = (*_CACHES, "ShuffleDatasetV3", "ShuffleAndRepeatDatasetV2", "RandomDatasetV2")
_PYTHON = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
_MOVES = "a shuffle of later epochs gives another order than it would have"


def copied_dataset(dataset: Any) -> tuple[Any, str | None]:
    """Returns a data set of the same elements that can be read beside it, and a sentence on what moves nevertheless.

    Where no copy can be made, it is the data set itself.
    """
    tensors = [tensor for found in _datasets(dataset) for tensor in getattr(found, "_tensors", ())]
    if sum(map(dataset_graphs.bytes_of, tensors)) > MOST_BYTES:
        return dataset, f"The data is too large to be read beside the training: {_MOVES}."
    try:
        with dataset_graphs.written(dataset, tensors) as graph:
            _part(graph)
            variant = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
        copy = tf.data.experimental.from_variant(variant, dataset.element_spec)
        iter(copy)
    except Exception as error:
        return dataset, f"The data could not be read beside the training ({type(error).__name__}): {_MOVES}."
    if any(node.op in _PYTHON for function in graph.library.function for node in function.node_def):
        return copy, "The data comes from Python code: what that counts or keeps itself has moved on."
    return copy, None


def _part(graph: Any) -> None:
    """Lets a graph share no counter with the original's, and keep nothing."""
    beside: dict[str, str] = {}
    counters = {name for node in graph.node if node.op in _COUNTED for name in node.input}
    for node in graph.node:
        if node.name in counters and node.attr["dtype"].type == tf.resource.as_datatype_enum:
            for handle in node.attr["value"].tensor.resource_handle_val:
                handle.name = f"preflight_{uuid.uuid4().hex}"  # What is not there is made anew.
        elif node.op in _CACHES:
            beside[node.name] = node.input[0]
    for node in graph.node:
        for index, name in enumerate(node.input):
            while name in beside:
                name = beside[name]
            node.input[index] = name


def _datasets(dataset: Any) -> Iterator[Any]:
    """Yields what a data set is made from before itself, as its graph does."""
    for found in dataset._inputs():
        yield from _datasets(found)
    yield dataset
