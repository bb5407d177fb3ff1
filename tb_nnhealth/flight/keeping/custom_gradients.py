"""Custom gradients, each of which TensorFlow registers by a name of its own, and never forgets.

A registered gradient holds the graph in which it was traced, and with it all variables there: of a clipped gradient or
a `silu` in a short training those of its optimizer, several times the model's memory.
"""

import contextlib
import weakref
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import ops


@contextlib.contextmanager
def collectable_gradients() -> Iterator[None]:
    """Lets the custom gradients that are registered in the block go with their graphs, when nobody else holds these."""
    registered = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    known = set(registered)
    try:
        yield
    finally:
        for name in registered.keys() - known:
            if name.startswith("CustomGradient-"):
                with contextlib.suppress(AttributeError, KeyError, TypeError):  # A register of another TensorFlow.
                    _hold_weakly(registered[name])


def _hold_weakly(entry: dict[str, Any]) -> None:
    """Has the graphs hold a gradient, and the register no more than look it up."""
    gradient = entry["type"]
    graphs = {id(graph): graph for graph in _graphs(gradient, set())}
    if not graphs:
        return
    for graph in graphs.values():
        if hasattr(graph, "__dict__"):  # One that TensorFlow took apart has none any more.
            vars(graph).setdefault("_custom_gradients", []).append(gradient)
    held = weakref.ref(gradient)
    entry["type"] = lambda *arguments: held()(*arguments)  # type: ignore[misc]


def _graphs(function: Any, seen: set[int]) -> Iterator[Any]:
    """Yields the graphs, as far as there still are some, of what a function, and those within it, are closed over."""
    seen.add(id(function))
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError, ReferenceError):  # The cell is empty, or the graph is gone.
            contents = cell.cell_contents
            for item in contents if isinstance(contents, (list, tuple)) else (contents,):
                if isinstance(item, FunctionType) and id(item) not in seen:
                    yield from _graphs(item, seen)
                elif isinstance(item, tf.Tensor) and isinstance(getattr(item, "graph", None), tf.Graph):
                    yield item.graph
