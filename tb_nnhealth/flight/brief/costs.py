"""What a model answers, and what each answer costs with any example's target."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_tensors
from tb_nnhealth.flight.training.objective import has_own_loss
from tb_nnhealth.instrument.batch import mean_loss
from tb_nnhealth.instrument.forward import forward
from tb_nnhealth.telling import told

Floats = NDArray[np.float64]

MOST_NUMBERS = 2_000_000
"""So many numbers of answers are judged at a time."""

MOST_IN_ALL = 200_000_000
"""And so many for a table of losses: of larger answers fewer examples are paired."""

MOST_OF_ONE = 200_000
"""Larger answers are not judged: it would take too long."""

LEAST_PAIRED = 24
"""Of fewer examples no table is made."""


class Predictor:
    """Answers as the model's `predict` does, compiled once.

    Args:
      model: the model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._compiled: dict[Any, Any] = {}

    def __call__(self, sample: Sample) -> Any:
        """Returns the answers, a structure of arrays `[n, …]`."""
        batches = list(sample.in_batches())
        try:
            answers = [keras.tree.map_structure(np.asarray, self._of_batch(as_tensors(batch.x))) for batch in batches]
        except Exception as error:
            raise NotMeasured(f"the model does not answer in inference mode: {told(error)}") from error
        return keras.tree.map_structure(lambda *leaves: np.concatenate(leaves)[: sample.examples], *answers)

    def _of_batch(self, x: Any) -> Any:
        if self._model.run_eagerly:
            return self._called(x)
        key = repr(tf.nest.map_structure(lambda leaf: None if leaf is None else (leaf.shape, leaf.dtype), x))
        if key not in self._compiled:
            self._compiled[key] = tf.function(self._called, autograph=False)
        return self._compiled[key](x)

    def _called(self, x: Any) -> Any:
        with keras.StatelessScope():
            answers = forward(self._model, x, training=False)
        return keras.tree.map_structure(lambda leaf: tf.cast(leaf, tf.float32), answers)


def spread(answers: Any) -> float:
    """Returns how far the answers to different examples are apart, as a share of the largest one, of any output."""
    return moved(keras.tree.map_structure(lambda leaf: np.broadcast_to(leaf[:1], leaf.shape), answers), answers)


def moved(own: Any, others: Any) -> float:
    """Returns the largest difference of answers, as a share of the largest one, of any output."""
    shares = [0.0]
    for one, other in zip(keras.tree.flatten(own), keras.tree.flatten(others), strict=True):
        size = float(max(np.abs(one).max(initial=0.0), np.abs(other).max(initial=0.0)))
        shares.append(float(np.abs(one - other).max(initial=0.0)) / size if size else 0.0)
    return max(shares)


class Costs:
    """The losses of answers with targets, one at a time: as the compiled loss has a batch of one.

    Args:
      model: the model, compiled.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._is_own = has_own_loss(model)
        self._compiled: Any = None

    def each(self, answers: Any, sample: Sample) -> Floats:
        """Returns the loss of each example's answer with its own target, `[n]`."""
        rows = np.arange(sample.examples)
        return self._of_pairs(answers, sample, rows, rows)

    def table(self, answers: Any, sample: Sample) -> Floats:
        """Returns the loss of each example's answer (row) with each example's target (column), `[m, m]`; of the first
        m examples only where the answers are large."""
        size = _size(answers, sample.examples)
        if size > MOST_OF_ONE:
            raise NotMeasured(f"an answer has {size:,} numbers: pairing such with targets takes too long")
        m = int(min(sample.examples, max(LEAST_PAIRED, np.sqrt(MOST_IN_ALL / size))))
        rows, columns = (grid.ravel() for grid in np.indices((m, m)))
        return self._of_pairs(answers, sample, rows, columns).reshape(m, m)

    def _of_pairs(self, answers: Any, sample: Sample, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
        many = max(1, MOST_NUMBERS // _size(answers, sample.examples))
        x = sample.x if self._is_own else None
        held = as_tensors((x, answers)), as_tensors((sample.y, sample.weights))
        if self._compiled is None:
            self._compiled = tf.function(self._traced, autograph=False, reduce_retracing=True)
        try:
            found = [
                self._compiled(
                    held, tf.constant(rows[start : start + many]), tf.constant(columns[start : start + many])
                )
                for start in range(0, len(rows), many)
            ]
        except Exception as error:
            raise NotMeasured(f"the loss cannot be told of one example: {told(error)}") from error
        return np.concatenate([part.numpy() for part in found]).astype(np.float64)

    def _traced(self, held: Any, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        given, asked = held

        def of_one(indices: Any) -> tf.Tensor:
            row, column = indices
            x, answer = _taken(given, row)
            y, weights = _taken(asked, column)
            # The metrics that a loss adds to need not be there any more when this is run.
            with keras.StatelessScope([(variable, variable.value) for variable in self._model.variables]):
                if self._is_own:
                    return mean_loss(self._model._compute_loss(x, y, answer, weights, training=False))
                return mean_loss(self._model._compile_loss(y, answer, weights))

        return tf.vectorized_map(of_one, (rows, columns), warn=False)


def _taken(structure: Any, index: tf.Tensor) -> Any:
    return tf.nest.map_structure(lambda leaf: None if leaf is None else tf.gather(leaf, index)[None], structure)


def _size(answers: Any, examples: int) -> int:
    return max(1, sum(int(leaf.size) for leaf in keras.tree.flatten(answers)) // max(1, examples))
