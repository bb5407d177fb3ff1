"""Where in a model examples of one batch begin to depend on each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.answers import Answers
from tb_nnhealth.flight.reading.tensors import as_tensors
from tb_nnhealth.instrument.layers import Site, sites
from tb_nnhealth.instrument.taps import Observer, attached

ROUNDED = 1e-4
"""Of the largest value: what rounding makes of the same example."""

Rows = list[NDArray[Any]]


class _Seen(Observer):
    """Keeps what each layer is given, and what it makes of it, in the order of their calls."""

    def __init__(self) -> None:
        self.layers: list[tuple[str, Rows, Rows]] = []

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        given = [leaf.numpy() for leaf in inputs if tf.is_tensor(leaf) and leaf.dtype.is_floating and leaf.shape.rank]
        self.layers.append((site.path, given, [output.numpy()]))
        return output


def where_it_begins(model: Any, answers: Answers, x: Any, other: Any, kept: NDArray[np.bool_]) -> dict[str, Any]:
    """Returns the first layer at which examples move that were kept while others were exchanged.

    `layer` is its path; `is_given` says that what it is given moves already: what lies before it is no layer. After the
    last layer `layer` is that one, and `is_after` is true. Empty where the layers cannot be looked into.

    Args:
      model: a built model.
      answers: of the model.
      x: a batch.
      other: the same with some examples exchanged.
      kept: `[b]`, the examples that were not.
    """
    seen = []
    for batch in (x, other):
        observer = _Seen()
        with attached(model, lambda: sites(model), observer, lambda: None):
            answers.tensors(as_tensors(batch))
        seen.append(observer.layers)
    if not seen[0] or [path for path, _, _ in seen[0]] != [path for path, _, _ in seen[1]]:
        return {}
    for (path, given, made), (_, given_other, made_other) in zip(*seen, strict=True):
        if _moves(given, given_other, kept):
            return {"layer": path, "is_given": True}
        if _moves(made, made_other, kept):
            return {"layer": path}
    return {"layer": seen[0][-1][0], "is_after": True}


def _moves(ours: Rows, theirs: Rows, kept: NDArray[np.bool_]) -> bool:
    return any(_moves_one(one, other, kept) for one, other in zip(ours, theirs, strict=False))


def _moves_one(one: NDArray[Any], other: NDArray[Any], kept: NDArray[np.bool_]) -> bool:
    """Returns whether the kept examples' values differ; the first axis may hold several rows of each example."""
    if one.shape != other.shape or len(one) % len(kept) or not one.size:
        return False
    pair = (array.reshape(len(kept), -1)[kept].astype(np.float64) for array in (one, other))
    first, second = pair
    return bool(np.abs(first - second).max() > ROUNDED * np.abs(first).max())
