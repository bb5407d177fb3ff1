"""What a step began with, kept where its loss is not finite: it can be run again, to see where that began."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.variables import made_beside


class Evidence:
    """Keeps a step's batch and the model's variables as they were before it; no memory is taken before that.

    Args:
      model: the model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: list[tf.Variable] = []
        self._structure: Any = None
        self.tensors: list[tf.Tensor] = []
        """What is to be kept, while a step is traced: read where the trace was when `begin_trace` was called."""

    def begin_trace(self, batch: Any) -> None:
        """Reads what the step begins with."""
        self._structure = keras.tree.map_structure(lambda part: None if part is None else ..., batch)
        parts = [part for part in keras.tree.flatten(batch) if part is not None]
        self.tensors = [*parts, *(tf.convert_to_tensor(variable.value) for variable in self._model.variables)]
        if not self._kept:
            self._kept = [
                made_beside(np.zeros(0, tensor.dtype.as_numpy_dtype), "nnhealth_evidence", tf.TensorShape(None))
                for tensor in self.tensors
            ]

    def keep(self, tensors: Sequence[tf.Tensor]) -> None:
        """Keeps what was read."""
        for kept, tensor in zip(self._kept, tensors, strict=True):
            kept.assign(tensor)

    def batch(self) -> Any:
        """Returns the batch that was kept."""
        values = iter(self._kept)
        return keras.tree.map_structure(
            lambda part: None if part is None else next(values).read_value(), self._structure
        )

    def bring_back(self) -> None:
        """Gives the model's variables the values that were kept."""
        variables = self._model.variables
        for variable, kept in zip(variables, self._kept[len(self._kept) - len(variables) :], strict=True):
            variable.assign(kept.read_value())
