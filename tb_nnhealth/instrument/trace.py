"""What one trace of the training step meets, kept by kind and row until it is packed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.variables import made_beside

NAN = float("nan")

Key = tuple[str, str]


@dataclass
class Trace:
    """What one trace of the step has met so far.

    What a layer inside a loop or a branch shows cannot be carried out of its inner graph: it is
    assigned to a small variable of its own right there. `cells` are these variables, which outlive
    the trace; `inner` the keys that this trace assigned.
    """

    graph: Any
    histograms_due: tf.Tensor | None
    cells: dict[Key, tf.Variable]
    parts: dict[Key, tf.Tensor] = field(default_factory=dict)
    inner: list[Key] = field(default_factory=list)
    silent: dict[str, tf.Tensor] = field(default_factory=dict)
    layer_rows: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def begin(cls, histograms_due: tf.Variable | None, cells: dict[Key, tf.Variable]) -> "Trace":
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        return cls(graph, None if histograms_due is None else tf.identity(histograms_due), cells)

    def is_inner(self) -> bool:
        return not tf.executing_eagerly() and tf.compat.v1.get_default_graph() is not self.graph

    def rows(self, kind: str) -> list[str]:
        return [row for k, row in [*self.parts, *self.inner] if k == kind]

    def has(self, kind: str, row: str) -> bool:
        return (kind, row) in self.parts or (kind, row) in self.inner

    def keep(self, kind: str, row: str, value: tf.Tensor) -> None:
        key = (kind, row)
        if not self.is_inner():
            self.parts[key] = value
            return
        if key not in self.cells:
            self.cells[key] = made_beside(np.full(value.shape, NAN, np.float32), "nnhealth_cell")
        self.cells[key].assign(value)
        if key not in self.inner:
            self.inner.append(key)

    def keep_scalar(self, name: str, value: Any) -> None:
        """Keeps a statistic of the step."""
        if value is not None:
            self.keep("step", name, tf.reshape(tf.cast(value, tf.float32), []))

    def kept(self, kind: str, row: str, size: int) -> tf.Tensor:
        """Returns what was kept, float32 `[size]`; NaN where this trace did not meet it."""
        key = (kind, row)
        value = self.parts.get(key)
        if value is None and key in self.inner:
            value = tf.identity(self.cells[key])
        if value is None:
            return tf.fill([size], NAN)
        value = tf.reshape(value, [-1])
        return value if value.shape[0] == size else tf.concat([value, tf.fill([size - value.shape[0]], NAN)], 0)

    def stacked(self, kind: str, rows: Sequence[str], size: int) -> tf.Tensor:
        """Returns what was kept of several rows, float32 `[rows, size]`."""
        return tf.stack([self.kept(kind, row, size) for row in rows]) if rows else tf.zeros([0, size])

    def forget_inner(self) -> None:
        """Empties the variables that were assigned: a branch that the next step does not take leaves its as it is."""
        for key in self.inner:
            self.cells[key].assign(tf.fill(self.cells[key].shape, NAN))

    def if_due(self, take: Callable[[], tf.Tensor], shape: list[int]) -> tf.Tensor:
        """Returns the histograms that `take` makes where they are due, else zeros of that shape."""
        return tf.cond(self.histograms_due, take, lambda: tf.zeros(shape))
