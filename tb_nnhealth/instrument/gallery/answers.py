"""Targets and predictions as they are shown: classes with their probabilities where the loss is about classes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.instrument.gallery.exhibits import MOST_LABELS, TEXTS, Content, Room, Tensor, classes, exhibit

Array = NDArray[Any]


def answers(
    target: Tensor | None, prediction: Tensor | None, loss: Mapping[str, Any], room: Room, left_out: list[str]
) -> list[Content]:
    """Returns a target and what was predicted for it, as far as there are both.

    Args:
      target: class ids, one-hot rows, shares of classes, labels of 0 and 1, or values; texts are shown as they are.
      prediction: `[n, …, classes]`, `[n, 1]` of a binary loss, or values.
      loss: of the output, as the manifest describes it; {} where none is compiled.
      room: how much is shown.
      left_out: gets a sentence for what is not.
    """
    if target is not None and target.values.dtype.kind in TEXTS:
        return [exhibit(target, room, left_out), *answers(None, prediction, loss, room, left_out)]
    told = [tensor for tensor in (target, prediction) if tensor is not None]
    kind = None if prediction is None else _kind(None if target is None else target.values, prediction.values, loss)
    if kind is None or prediction is None:
        return [exhibit(tensor, room, left_out) for tensor in told]
    if kind == "places":
        return [exhibit(_ids(tensor, prediction.values.shape), room, left_out) for tensor in told]
    unit, shares = _shares(kind, prediction.values.astype(np.float64), bool(loss.get("from_logits")))
    several = kind == "labels"
    predicted = classes(prediction, shares, room, unit, several=several)
    if target is None:
        return [predicted]
    labels = _labels(kind, target.values, shares.shape[1], loss.get("ignore_class"))
    if several and (labels > 0).sum(axis=1).max(initial=0) > MOST_LABELS:
        left_out.append(f"Of {target.name} the first {MOST_LABELS} labels of an example are shown.")
    return [classes(target, labels, room, least=0.0, several=several), predicted]


def _kind(target: Array | None, prediction: Array, loss: Mapping[str, Any]) -> str | None:
    """Returns what an output answers: one of several "classes", "binary", "labels" that go together, a class for each
    of many "places"; None for values."""
    if prediction.ndim < 2 or prediction.dtype.kind != "f":
        return None
    name, count = str(loss.get("class_name", "")).lower(), prediction.shape[-1]
    if "crossentropy" not in name and not _look_like_classes(target, prediction):
        return None
    if prediction.ndim > 2:
        return "places" if count > 1 and "binary" not in name else None
    if count == 1:
        return "binary" if "sparse" not in name and "categorical" not in name else None
    return "labels" if "binary" in name else "classes"


def _look_like_classes(target: Array | None, prediction: Array) -> bool:
    """Returns whether predictions are shares of one of several classes, for targets that are ids or one-hot rows."""
    if prediction.shape[-1] < 2 or target is None or target.dtype.kind not in "biuf":
        return False
    are_shares = (prediction >= 0).all() and np.allclose(prediction.sum(-1), 1, atol=1e-3)
    is_id = target.dtype.kind in "biu" and target.size == prediction[..., 0].size
    is_one_hot = target.shape == prediction.shape and set(np.unique(target).tolist()) <= {0, 1}
    return bool(are_shares and (is_id or is_one_hot))


def _shares(kind: str, outputs: Array, are_logits: bool) -> tuple[str, Array]:
    """Returns the unit and the share of each class, `[n, classes]`; outputs that are no shares as they are."""
    if kind in ("binary", "labels"):
        shares = 1 / (1 + np.exp(-np.clip(outputs, -500, 500))) if are_logits else outputs
        shares = np.concatenate([1 - shares, shares], axis=1) if kind == "binary" else shares
    elif are_logits:
        powers = np.exp(outputs - outputs.max(-1, keepdims=True))
        shares = powers / powers.sum(-1, keepdims=True)
    else:
        shares = outputs
    is_share = ((shares >= 0) & (shares <= 1 + 1e-6)).all()
    return ("fraction" if is_share else ""), shares


def _labels(kind: str, target: Array, count: int, ignored: Any) -> Array:
    """Returns the share of each class in the targets, `[n, classes]`; no share at all where a label is none of them."""
    flat = target.reshape(len(target), -1)
    if kind == "binary":
        value = flat[:, 0].astype(np.float64)
        return np.stack([1 - value, value], axis=1)
    if flat.shape[1] == count:
        return flat.astype(np.float64)
    ids = flat[:, 0].astype(np.int64)
    shares = np.zeros((len(ids), count))
    is_class = (ids >= 0) & (ids < count) & (ids != (-1 if ignored is None else ignored))
    shares[np.flatnonzero(is_class), ids[is_class]] = 1.0
    return shares


def _ids(tensor: Tensor, predicted: tuple[int, ...]) -> Tensor:
    """Returns the class of each place, `[n, …]`, of ids, one-hot rows or shares `[n, …, classes]`."""
    values = tensor.values
    are_shares = values.ndim == len(predicted) and values.shape[-1] > 1
    ids = values.argmax(-1) if are_shares else values.reshape(values.shape[: len(predicted) - 1]).astype(np.int64)
    return replace(tensor, values=ids, classes=predicted[-1])
