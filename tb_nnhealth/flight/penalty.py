"""How hard penalties on the weights pull at them, beside what the data loss asks for."""

import math
from collections.abc import Iterable
from typing import Any

import tensorflow as tf
from keras.regularizers import L1, L1L2, L2

from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.objective import has_data_loss, has_own_step, objective_of

TO_ZERO = (L1, L2, L1L2)
"""Regularizers that ask for weights of zero. Others may ask for what a model soon has, as orthogonal ones do."""


def pull(subject: Subject) -> float:
    """Returns the norm of the gradient of the penalties that ask for weights of zero ÷ that of the data loss of the
    first batch, by the variables that have such a penalty; NaN where none has one, or where the model has a loss or a
    step of its own."""
    model, sample = subject.model, subject.training
    held = {id(variable): variable for variable in model.trainable_variables if _goes_to_zero(variable)}
    if not held or not has_data_loss(model) or has_own_step(model) or sample.whole:
        return math.nan
    with tf.GradientTape() as tape:
        penalties = [variable.regularizer(variable) for variable in held.values()]
    penalty = _norm(tape.gradient(penalties, list(held.values())))
    objective = subject.shared(objective_of, quiet=True, in_inference=False)
    _, gradients = objective(as_batch(sample.take(slice(sample.batch_size))), 1.0)
    data = _norm(g for v, g in zip(objective.variables, gradients, strict=True) if id(v) in held)
    return penalty / data if data else math.nan


def _goes_to_zero(variable: Any) -> bool:
    return isinstance(variable.regularizer, TO_ZERO)


def _norm(gradients: Iterable[Any]) -> float:
    return float(tf.linalg.global_norm([tf.cast(tf.convert_to_tensor(each), tf.float32) for each in gradients]))
