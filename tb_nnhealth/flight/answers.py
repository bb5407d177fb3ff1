"""What a model answers in inference mode, the same whenever it is asked."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.examples.rows import Floats
from tb_nnhealth.flight.reading.tensors import as_tensors
from tb_nnhealth.instrument.forward import forward
from tb_nnhealth.telling import told

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


class Answers:
    """Calls a model from one state: seeds and states of its layers are put back before.

    Args:
      model: a built model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._states = [(variable, variable.numpy()) for variable in _states(model)]

    def tensors(self, x: Any, afresh: bool = True) -> list[tf.Tensor]:
        """Returns the outputs for a batch, a structure of tensors; where not `afresh`, it goes on from its last state.

        Raises:
          NotMeasured: the model cannot be called with it.
        """
        for variable, value in self._states if afresh else ():
            variable.assign(value)
        try:
            return [tf.convert_to_tensor(leaf) for leaf in keras.tree.flatten(forward(self._model, x, training=False))]
        except Exception as error:
            raise NotMeasured(f"the model could not be called in inference mode ({told(error)})") from error

    def __call__(self, x: Any, afresh: bool = True) -> list[Floats]:
        """Returns the outputs for a batch, a structure of arrays.

        Raises:
          NotMeasured: the model cannot be called with it.
        """
        outputs = self.tensors(as_tensors(x), afresh)
        if not all(output.dtype.is_floating or output.dtype.is_integer or output.dtype.is_bool for output in outputs):
            raise NotMeasured("the model's outputs are no numbers")
        return [tf.cast(output, tf.float64).numpy() for output in outputs]


def epsilon(model: Any) -> float:
    """Returns the relative precision of the least precise layer."""
    kinds = {getattr(layer, "compute_dtype", "float32") for layer in model._flatten_layers()}
    return max(EPSILON.get(str(kind), EPSILON["float32"]) for kind in kinds)


def _states(model: Any) -> list[Any]:
    layers = list(model._flatten_layers())
    seeds = [seed.state for layer in layers for seed in getattr(layer, "_seed_generators", ())]
    return [*seeds, *(variable for layer in layers for variable in getattr(layer, "_non_trainable_variables", ()))]


def deviation(output: Floats) -> float:
    """Returns the root mean square of what the examples' outputs `[n, …]` differ from their mean; of outputs that are
    all the same, of these; 1 of zeros."""
    for values in (output - output.mean(axis=0), output):
        size = float(np.sqrt(np.mean(values**2)))
        if size > 0:
            return size
    return 1.0
