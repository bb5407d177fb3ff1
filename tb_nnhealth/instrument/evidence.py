"""What a step began with, kept where its loss is not finite: it can be run again, to see where that began."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument.variables import made_beside


class Evidence:
    """Reads a step's batch and the model's variables where it is made, while the step is traced.

    No memory is taken before they are kept.

    Args:
      model: the model.
      batch: the step's batch.
    """

    def __init__(self, model: Any, batch: Any) -> None:
        self._variables = list(model.variables)
        self._values = {id(variable): tf.convert_to_tensor(variable.value) for variable in self._variables}
        self._structure = tf.nest.map_structure(
            lambda part: None if part is None else tf.type_spec_from_value(part), batch
        )
        parts = [part for part in tf.nest.flatten(batch, expand_composites=True) if part is not None]
        self.tensors = [*parts, *self._values.values()]
        self._kept = [
            made_beside(np.zeros(0, tensor.dtype.as_numpy_dtype), "nnhealth_evidence", tf.TensorShape(None))
            for tensor in self.tensors
        ]

    def value(self, variable: Any) -> tf.Tensor | None:
        """Returns what was read of one of the model's variables, None of one that was made since."""
        return self._values.get(id(variable))

    def keep(self, tensors: Sequence[tf.Tensor]) -> None:
        """Keeps what was read, given in the order of `tensors`."""
        for kept, tensor in zip(self._kept, tensors, strict=True):
            kept.assign(tensor)

    def batch(self) -> Any:
        """Returns the batch that was kept."""
        values = iter(self._kept)
        parts = tf.nest.flatten(self._structure, expand_composites=True)
        read = [None if part is None else next(values).read_value() for part in parts]
        return tf.nest.pack_sequence_as(self._structure, read, expand_composites=True)

    def variables(self) -> list[tf.Variable]:
        """Returns the model's variables."""
        return [variable.value for variable in self._variables]

    def bring_back(self) -> None:
        """Gives the model's variables the values that were kept."""
        kept = self._kept[len(self._kept) - len(self._variables) :]
        for variable, value in zip(self._variables, kept, strict=True):
            variable.assign(value.read_value())
