"""What a loss can be: that of the best constant answer, which knows nothing of the inputs, and the lowest there is.

Both are read from the model's compiled loss itself, on answers that are made from the targets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend
from numpy.typing import NDArray

from tb_nnhealth.flight.training.objective import Batch, has_data_loss
from tb_nnhealth.instrument.batch import mean_loss, named_tensors, output_names, pairs
from tb_nnhealth.instrument.compiled import losses

Floats = NDArray[np.float64]

LEAST = 1e-7
"""The least probability of an answer, that of Keras."""

MEDIAN = ("absolute", "mae", "pinball", "quantile")
"""What the names of losses hold whose best constant answer is the median."""


@dataclass(frozen=True)
class Reference:
    """The loss of the best constant answer, and the lowest loss; NaN where the targets do not tell them.

    For positions of a sequence or picture the constant may be another at each, but is the same for all examples.
    """

    trivial: float = math.nan
    floor: float = math.nan

    def left(self, loss: float) -> float:
        """Returns which share of what there is to learn is left to be learnt, 1 for the constant, 0 for the lowest
        loss; NaN where it is not known."""
        span = self.trivial - self.floor
        return (loss - self.floor) / span if span > 1e-6 * max(abs(self.trivial), abs(self.floor)) else math.nan


def reference(model: Any, batch: Batch) -> Reference:
    """Returns what a model's loss can be on a batch, as far as its compiled loss tells."""
    x, y, weights = batch
    if y is None or not has_data_loss(model):
        return Reference()
    predictions = model(x, training=False) if model._call_has_training_arg else model(x)
    described = {loss["output"]: loss for loss in losses(model)}
    named = named_tensors(predictions, output_names(model))
    found = pairs(named_tensors(y, output_names(model)), named, described)
    answers = {name: _answers(target.numpy(), prediction, loss or {}) for name, target, prediction, loss in found}
    if len(answers) < len(described) or any(answer is None for answer in answers.values()):
        return Reference()

    def loss_of(kind: int) -> float:
        leaves = [_like(leaf, answer[kind]) if (answer := answers.get(name)) else leaf for name, leaf in named]
        packed = keras.tree.pack_sequence_as(predictions, leaves)
        with keras.StatelessScope():
            return float(mean_loss(model._compile_loss(y, packed, weights)))

    try:
        return Reference(loss_of(0), loss_of(1))
    except Exception:  # A loss of a user's own may take none but the model's answers.
        return Reference()


def _answers(target: Any, prediction: tf.Tensor, loss: Mapping[str, Any]) -> tuple[Floats, Floats] | None:
    """Returns the best constant answer and the perfect one, each of the prediction's shape; None where they cannot be
    told from the target."""
    name = str(loss.get("class_name", "")).lower()
    truth = _probabilities(target, prediction, loss) if "crossentropy" in name else _alike(target, prediction)
    if truth is None or not np.isfinite(truth).all():
        return None
    centre = np.median if any(word in name for word in MEDIAN) else np.mean
    constant = np.broadcast_to(centre(truth, axis=0), truth.shape)
    if "crossentropy" in name and loss.get("from_logits"):
        to_logits = _logit if "binary" in name else _log
        return to_logits(constant), to_logits(truth)
    return constant, truth


def _probabilities(target: Any, prediction: tf.Tensor, loss: Mapping[str, Any]) -> Floats | None:
    """Returns the probabilities that the labels ask for; None where they are no labels of as many classes."""
    name, units, smoothing = str(loss["class_name"]).lower(), prediction.shape[-1], loss.get("label_smoothing") or 0.0
    if "sparse" in name:
        labels = target[..., 0] if target.ndim == len(prediction.shape) else target
        ignored = loss.get("ignore_class")
        labels = np.where(labels == ignored, 0, labels) if ignored is not None else labels
        if labels.min() < 0 or labels.max() >= units:
            return None
        return _alike(np.eye(units)[labels.astype(int)], prediction)
    truth = _alike(target, prediction)
    if truth is None or truth.min() < 0 or truth.max() > 1:
        return None
    return truth * (1 - smoothing) + smoothing / (2 if "binary" in name else units)


def _alike(target: Any, prediction: tf.Tensor) -> Floats | None:
    """Returns a target in the shape of its prediction; None where it has another than `[n]` for `[n, 1]`."""
    target = np.asarray(target, np.float64)
    shape = tuple(prediction.shape)
    return target.reshape(shape) if target.shape in (shape, shape[:-1] if shape[-1:] == (1,) else shape) else None


def _log(probabilities: Floats) -> Floats:
    return np.log(np.maximum(probabilities, LEAST))


def _logit(probabilities: Floats) -> Floats:
    probabilities = np.clip(probabilities, LEAST, 1 - LEAST)
    return np.log(probabilities / (1 - probabilities))


def _like(prediction: tf.Tensor, answer: Floats) -> tf.Tensor:
    """Returns an answer as a prediction of the same dtype and mask."""
    made = tf.constant(answer, prediction.dtype)
    mask = getattr(prediction, "_keras_mask", None)
    if mask is not None:
        backend.set_keras_mask(made, mask)
    return made
