"""Examples as TensorFlow takes them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.reading.sample import Sample

Batch = tuple[Any, Any, Any]
"""Inputs, targets and weights as the model takes them, each a structure of tensors; None where there are none."""


def as_batch(sample: Sample) -> Batch:
    """Returns the examples as a step takes them."""
    x, y, weights = map(as_tensors, (sample.x, sample.y, sample.weights))
    return x, y, weights


def as_tensors(structure: Any) -> Any:
    """Returns a structure of arrays, and of None, as tensors; float64 as what Keras computes with."""
    return tf.nest.map_structure(_tensor, structure)


def _tensor(array: Any) -> Any:
    if array is None:
        return None
    return tf.convert_to_tensor(array.astype(keras.config.floatx()) if array.dtype == np.float64 else array)
