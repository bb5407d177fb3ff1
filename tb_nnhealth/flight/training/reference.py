"""What a loss can be: that of the best constant answer, which knows nothing of the inputs, and the lowest there is.

Both are read from the model's compiled loss itself, on answers that are made from the targets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend
from numpy.typing import NDArray

from tb_nnhealth.flight.reading.tensors import Batch
from tb_nnhealth.flight.training.objective import has_data_loss
from tb_nnhealth.instrument.batch import mean_loss, named_tensors, output_names, pairs
from tb_nnhealth.instrument.compiled import losses
from tb_nnhealth.instrument.forward import forward

Floats = NDArray[np.float64]

LEAST = 1e-7
"""The least probability of an answer, that of Keras."""

MEDIAN = ("absolute", "mae", "pinball", "quantile")
"""What the names of losses hold whose best constant answer is the median."""


CLEAR = 1e-3
"""A share of the difference of two losses that rounding does not make."""


@dataclass(frozen=True)
class Reference:
    """The loss of the best constant answer, and that of the targets as answers, the lowest one; NaN where the targets
    do not tell them.

    For positions of a sequence or picture the constant may be another at each, but is the same for all examples.

    `truths` are the targets as answers by output, each of its prediction's shape. `is_upside_down`: they cost more than
    the constant, and more than answers on both sides of them cost on average, as they do where a loss has the wrong
    sign.
    """

    trivial: float = math.nan
    floor: float = math.nan
    truths: Mapping[str, Floats] = field(default_factory=dict)
    is_upside_down: bool = False

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
    predictions = forward(model, x, training=False)
    described = {loss["output"]: loss for loss in losses(model)}
    named = named_tensors(predictions, output_names(model))
    found = pairs(named_tensors(y, output_names(model)), named, described)
    answers: dict[str, tuple[Floats, Floats]] = {}
    is_known = True
    for name, target, prediction, loss in found:
        known = _answers(target.numpy(), prediction, loss or {})
        pair = known or _of_labels(target.numpy(), prediction)
        if pair is None:
            return Reference()
        answers[name], is_known = pair, is_known and known is not None
    if len(answers) < len(described):
        return Reference()

    def loss_of(share: float) -> float:
        """Returns the loss of answers on the way from the constant, 0, to the truth, 1, and beyond it; NaN where it
        takes none of them: a user's own may want the model's answers."""
        made = {id(leaf): _like(leaf, _between(*answers[name], share)) for name, leaf in named if name in answers}
        packed = keras.tree.map_structure(lambda leaf: made.get(id(leaf), leaf), predictions)
        with keras.StatelessScope():
            try:
                return float(mean_loss(model._compile_loss(y, packed, weights)))
            except Exception:
                return math.nan

    trivial, near, floor, beyond = map(loss_of, (0.0, 0.5, 1.0, 1.5))
    is_upside_down = _is_upside_down(trivial, near, floor, beyond)
    truths = {name: truth for name, (_, truth) in answers.items()} if is_known or is_upside_down else {}
    return Reference(trivial if is_known else math.nan, floor if is_known else math.nan, truths, is_upside_down)


def _between(constant: Floats, truth: Floats, share: float) -> Floats:
    return truth if share == 1 else constant + share * (truth - constant)


def _is_upside_down(trivial: float, near: float, floor: float, beyond: float) -> bool:
    """Returns whether the loss of the truth is above that of the constant, and above the line from one side of it to
    the other: not so where answers are to grow in one direction, as those of a critic."""
    beyond = beyond if math.isfinite(beyond) else floor  # Nothing is beyond a probability of one.
    clear = CLEAR * abs(floor - trivial)
    return floor - trivial > CLEAR * max(abs(floor), abs(trivial)) and 2 * floor - near - beyond > clear


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


def _of_labels(target: Any, prediction: tf.Tensor) -> tuple[Floats, Floats] | None:
    """Returns the same for a loss that is not known, of labels and the probabilities of so many classes; None where
    they are none."""
    answer = prediction.numpy()
    is_probable = answer.shape[-1:] > (1,) and (answer >= 0).all() and np.allclose(answer.sum(axis=-1), 1, atol=1e-3)
    if target.dtype.kind not in "iu" or not is_probable:
        return None
    return _answers(target, prediction, {"class_name": "sparse_crossentropy"})


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
