"""What of a batch's targets tells the loss of the best constant prediction."""

from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.batch import MOST_CLASSES
from tb_nnhealth.statistics.activations import by_unit
from tb_nnhealth.statistics.data import class_counts

SPARSE = "SparseCategoricalCrossentropy"
SHARED = ("CategoricalCrossentropy", "BinaryCrossentropy")
SQUARED = "MeanSquaredError"


def example_weights(prediction: tf.Tensor, given: tf.Tensor | None) -> tf.Tensor | None:
    """Returns what Keras multiplies the loss of each example (or position) with, before it takes the mean.

    The mask of a prediction counts, too: what it leaves has the weight `all ÷ left`.

    Args:
      prediction: `[batch, …, units]`.
      given: the sample weights, `[batch]`, `[batch, …]` or `[batch, …, 1]`.

    Returns:
      float32 `[batch · …]`; None where there is neither.
    """
    mask = getattr(prediction, "_keras_mask", None)
    if (given is None and mask is None) or prediction.shape.rank < 2:
        return None
    shape = tf.shape(prediction)[:-1]
    weights = tf.ones(shape)
    if mask is not None:
        kept = tf.cast(mask, tf.float32)
        weights *= _aligned(tf.math.divide_no_nan(kept, tf.reduce_mean(kept)), prediction.shape.rank - 1)
    if given is not None:
        weights *= _aligned(tf.cast(given, tf.float32), prediction.shape.rank - 1)
    return tf.reshape(tf.broadcast_to(weights, shape), [-1])


def shares(target: tf.Tensor, prediction: tf.Tensor, loss: str, weights: tf.Tensor | None) -> tf.Tensor | None:
    """Returns the mean of weight · label for each unit of the output, float32 `[units]`.

    Of a categorical cross-entropy these are the weighted shares of the classes, of a binary one the weighted share of
    the positive labels of each unit. None for other losses, for very many units, and where the shapes do not tell.
    """
    units = prediction.shape[-1] if prediction.shape.rank else None
    if units is None or units > MOST_CLASSES:
        return None
    if loss == SPARSE:
        return class_counts(target, units, weights) / tf.cast(tf.size(target), tf.float32)
    if loss not in SHARED or not _is_alike(target, prediction):
        return None
    labels = tf.cast(by_unit(target), tf.float32)
    weights = tf.ones(tf.shape(labels)[:1]) if weights is None else weights
    return tf.linalg.matvec(labels, weights, transpose_a=True) / tf.cast(tf.shape(labels)[0], tf.float32)


def variance(target: tf.Tensor, prediction: tf.Tensor, loss: str, weights: tf.Tensor | None) -> tf.Tensor | None:
    """Returns the weighted variance of the target within its units, the mean over them, float32 `[]`.

    It is an unbiased estimate, from one batch, of the mean squared error of the best constant; NaN of one example.
    None for other losses, and where the shapes do not tell.
    """
    if loss != SQUARED or not _is_alike(target, prediction):
        return None
    values = tf.cast(by_unit(target), tf.float32)
    weights = tf.ones(tf.shape(values)[:1]) if weights is None else weights
    total = tf.reduce_sum(weights)
    centre = tf.linalg.matvec(values, weights, transpose_a=True) / total
    errors = tf.reduce_mean(tf.math.squared_difference(values, centre), 1)
    examples = tf.square(total) / tf.reduce_sum(tf.square(weights))  # Kish's effective sample size
    unbiased = tf.where(examples > 1.5, examples / (examples - 1.0), float("nan"))
    return unbiased * tf.reduce_mean(weights * errors)


def _aligned(weights: tf.Tensor, rank: int) -> tf.Tensor:
    """Returns weights with so many axes, of which the first are theirs."""
    if weights.shape.rank == rank + 1:
        return weights[..., 0]
    for _ in range(rank - weights.shape.rank):
        weights = weights[..., None]
    return weights


def _is_alike(target: Any, prediction: Any) -> bool:
    """Returns whether target and prediction have the same units; `[batch]` and `[batch, 1]` have."""
    if target.shape.rank is None or prediction.shape.rank is None:
        return False
    if target.shape.rank + 1 == prediction.shape.rank:
        return bool(prediction.shape[-1] == 1)
    return bool(target.shape.rank == prediction.shape.rank and target.shape[-1] == prediction.shape[-1])
