"""Runs parts of a traced graph in double precision, where the graph can be had in it."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.gradients.doubled import doubled

_COUNT = itertools.count()

Feeds = Mapping[str, Any]
"""Values by the names of the tensors that they take the place of."""

LARGE = 2**18
"""Tensors of more values are had in double precision only while the graph runs."""


@contextlib.contextmanager
def unfused() -> Iterator[None]:
    """Keeps TensorFlow from joining operations into one within the block: of each in float64 it would warn that the
    library that joins them does not know its type."""
    before = tf.config.optimizer.get_experimental_options().get("remapping")
    tf.config.optimizer.set_experimental_options({"remapping": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"remapping": before})


class Precise:
    """The twin of a traced function, of whose graph any part can be run.

    Args:
      function: a concrete function.
      arguments: its values.
      is_double: whether it computes with float64, or as the function does.

    Raises:
      NotDoubled, ValueError, tf.errors.OpError: the graph cannot be had in double precision.
    """

    def __init__(self, function: Any, arguments: Sequence[Any], is_double: bool = True) -> None:
        definition = function.graph.as_graph_def()
        self.is_double = is_double
        self._graph = _imported(doubled(definition, f"__precise{next(_COUNT)}") if is_double else definition)
        given = [*arguments, *function.captured_inputs]
        self.given = {t.name: _held(v) for t, v in zip(function.inputs, given, strict=True)}

    def run(self, fetched: Sequence[tf.Tensor], feeds: Feeds) -> list[Any]:
        """Returns the tensors' values, with others in the place of those of `feeds`."""
        return self.function(fetched, feeds)({})

    def function(self, fetched: Sequence[tf.Tensor], feeds: Feeds) -> Callable[[Feeds], list[Any]]:
        """Returns what computes the tensors from the values of `feeds`, of which it may be given others."""
        usual = {name: self._if_small(name, value) for name, value in {**self.given, **feeds}.items()}
        pruned = self._graph.prune(list(map(self._tensor, usual)), [self._tensor(tensor.name) for tensor in fetched])

        def run(others: Feeds) -> list[Any]:
            changed = {name: self._fitting(name, value) for name, value in others.items()}
            values = [changed[name] if name in changed else self._fitting(name, usual[name]) for name in usual]
            # A call by its public name tells, in an error that it catches, what all the values are.
            return list(pruned._call_flat(values, pruned.captured_inputs))

        return run

    def _tensor(self, name: str) -> tf.Tensor:
        return self._graph.graph.get_tensor_by_name(name)

    def _if_small(self, name: str, value: Any) -> Any:
        return self._fitting(name, value) if np.prod(value.shape) <= LARGE else value

    def _fitting(self, name: str, value: Any) -> Any:
        """Returns a value in the type that the graph takes it in."""
        wanted = self._tensor(name).dtype
        if wanted == tf.resource or (isinstance(value, tf.Tensor) and value.dtype == wanted):
            return value
        return tf.identity(tf.cast(value, wanted) if wanted.is_floating else value)


def _held(value: Any) -> Any:
    """Returns a value that stays as it is when the variable that it may be of changes."""
    return value if isinstance(value, tf.Tensor) else tf.convert_to_tensor(value)


def _imported(definition: Any) -> Any:
    return tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(definition, name=""), [])
