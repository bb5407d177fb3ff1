"""Targets of a regression in the range in which a fresh model answers.

Whether a model can fit its targets is one question, whether they are too large for it to get there soon another, which
`target-scale` asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import Batch
from tb_nnhealth.instrument.batch import named_tensors, output_names, pairs
from tb_nnhealth.instrument.compiled import losses
from tb_nnhealth.instrument.forward import forward
from tb_nnhealth.instrument.heads import last_activations

SCALED = ("meansquarederror", "mse", "meanabsoluteerror", "mae", "huber", "logcosh")
"""Losses that ask the same of targets whatever their unit and their zero."""

FAR = 10.0
"""An order of magnitude: targets less far from the model's answers than that stay as they are."""

LEAST = 0.01
"""Answers that differ by less are taken for all the same; they count as if they differed by 1."""


@dataclass(frozen=True)
class Natural:
    """Examples whose targets were moved into the range of the answers, and whether some are still far from it."""

    sample: Sample
    is_far: bool


def natural(model: Any, sample: Sample, batch: Batch) -> Natural:
    """Returns the examples with targets of the mean and spread that the model's answers have now, where they are far
    from that and the loss and the end of the model, a linear one, make no difference between them."""
    x, y, _ = batch
    if y is None:
        return Natural(sample, False)
    linear: dict[str, bool] = {}
    predictions = _predictions(model, x, linear)
    described = {loss["output"]: loss for loss in losses(model)}
    names = output_names(model)
    found = pairs(named_tensors(y, names), named_tensors(predictions, names), described)
    moved: dict[int, NDArray[Any]] = {}
    is_far = False
    for name, target, prediction, loss in found:
        if "crossentropy" in _name(loss) or not target.dtype.is_floating or not _is_far(target, prediction):
            continue
        if linear.get(name) and any(word in _name(loss) for word in SCALED):
            moved[id(target)] = _moved(target.numpy(), prediction.numpy())
        else:
            is_far = True
    if not moved:
        return Natural(sample, is_far)
    leaves = [leaf if leaf is None else moved.get(id(leaf), leaf.numpy()) for leaf in tf.nest.flatten(y)]
    return Natural(replace(sample, y=tf.nest.pack_sequence_as(y, leaves)), is_far)


def _predictions(model: Any, x: Any, linear: dict[str, bool]) -> Any:
    """Returns what the model answers, and notes of which outputs a linear operation is the last."""

    def predicted(x: Any) -> Any:
        predictions = forward(model, x, training=False)
        for name, leaf in named_tensors(predictions, output_names(model)):
            linear[name] = last_activations(leaf) == ()
        return predictions

    if model.run_eagerly:
        return predicted(x)
    # Traced here, not when called: TensorFlow warns of functions that are called once after each trace.
    return tf.function(lambda: predicted(x), autograph=False).get_concrete_function()()


def _name(loss: Mapping[str, Any] | None) -> str:
    return str((loss or {}).get("class_name", "")).lower()


def _is_far(target: Any, prediction: Any) -> bool:
    mean, spread = _answered(prediction.numpy())
    own_mean, own_spread = _range(target.numpy())
    return own_spread > 0 and (abs(own_mean - mean) > FAR * spread or not 1 / FAR <= own_spread / spread <= FAR)


def _moved(target: NDArray[Any], prediction: NDArray[Any]) -> NDArray[Any]:
    mean, spread = _answered(prediction)
    own_mean, own_spread = _range(target)
    return ((target - own_mean) / own_spread * spread + mean).astype(target.dtype)


def _answered(prediction: NDArray[Any]) -> tuple[float, float]:
    mean, spread = _range(prediction)
    return mean, spread if spread > LEAST else 1.0


def _range(values: NDArray[Any]) -> tuple[float, float]:
    """Returns the mean and the standard deviation."""
    return float(np.mean(values, dtype=np.float64)), float(np.std(values, dtype=np.float64))
