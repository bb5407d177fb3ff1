"""The tensors of a batch by name, and the classes that stand in them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import keras
import tensorflow as tf

from tb_nnhealth.pairing import paired
from tb_nnhealth.statistics.data import class_counts

Loss = TypeVar("Loss")

MOST_CLASSES = 1000
"""Class counts are taken up to this many classes."""


def scalars(logs: Any) -> dict[str, tf.Tensor]:
    """Returns the numbers among a step's logs by name: a custom step may log anything."""
    named = logs if isinstance(logs, dict) else {}
    return {str(k): v for k, v in named.items() if tf.is_tensor(v) and v.shape.rank == 0 and _is_real(v.dtype)}


def _is_real(dtype: tf.DType) -> bool:
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool)


def input_names(model: Any) -> list[str] | None:
    """Returns the names of the model's input layers, None where it does not declare any."""
    return _layer_names(getattr(model, "inputs", None))


def output_names(model: Any) -> list[str] | None:
    """Returns the names of the layers that give the model's outputs, None where it does not declare any."""
    names = getattr(model, "output_names", None)
    return [str(name) for name in names] if names else _layer_names(getattr(model, "outputs", None))


def _layer_names(tensors: Sequence[Any] | None) -> list[str] | None:
    return [str(t._keras_history.operation.name) for t in tensors] if tensors else None


def named_leaves(structure: Any, names: Sequence[str] | None) -> list[tuple[str, Any]]:
    """Returns the leaves of a batch structure by name: their keys, the given names, or numbers."""
    if isinstance(structure, dict):
        return [
            (f"{key}/{name}" if len(leaves) > 1 else str(key), leaf)
            for key, value in structure.items()
            for leaves in [keras.tree.flatten(value)]
            for name, leaf in enumerate(leaves)
        ]
    leaves = keras.tree.flatten(structure)
    labels = list(names) if names and len(names) == len(leaves) else [str(i) for i in range(len(leaves))]
    return list(zip(labels, leaves, strict=True))


def named_tensors(structure: Any, names: Sequence[str] | None) -> list[tuple[str, tf.Tensor]]:
    """Returns the dense numeric tensors of a batch structure by name: their keys, the given names, or numbers."""
    return [(name, leaf) for name, leaf in named_leaves(structure, names) if _is_numeric(leaf)]


def named_values(structure: Any, names: Sequence[str] | None) -> list[tuple[str, tf.Tensor]]:
    """Returns the same, and of sparse and ragged tensors the values that they hold."""
    held = [(name, _values(leaf)) for name, leaf in named_leaves(structure, names)]
    return [(name, values) for name, values in held if _is_numeric(values)]


def batch_size(structure: Any) -> tf.Tensor | None:
    """Returns how many examples a batch structure has, dense or not, integer `[]`; None where that cannot be told."""
    parts = (leaf for leaf in keras.tree.flatten(structure) if tf.is_tensor(leaf) and leaf.shape.rank)
    first = next(parts, None)
    return None if first is None else tf.shape(first)[0]


def mean_loss(loss: Any) -> tf.Tensor:
    """Returns a loss as float32 `[]`; of one for each example the mean, as Keras' logs have it."""
    loss = tf.cast(loss, tf.float32)
    return loss if loss.shape.rank == 0 else tf.reduce_mean(loss)


def _values(leaf: Any) -> Any:
    if isinstance(leaf, tf.SparseTensor):
        return leaf.values
    return leaf.flat_values if isinstance(leaf, tf.RaggedTensor) else leaf


def pairs(
    targets: Sequence[tuple[str, tf.Tensor]], predictions: Sequence[tuple[str, tf.Tensor]], losses: Mapping[str, Loss]
) -> list[tuple[str, tf.Tensor, tf.Tensor, Loss | None]]:
    """Returns each target's name, the target, its prediction and its loss, which is None where there is none.

    Args:
      targets: by name, as `named_tensors` gives them.
      predictions: the same of predictions.
      losses: the losses by output.
    """
    predicted, in_order = dict(predictions), list(losses.values())
    names = paired([name for name, _ in targets], list(predicted))
    is_named = any(name in losses for name, _ in targets)

    def loss(name: str, index: int) -> Loss | None:
        if is_named or not in_order:
            return losses.get(name)
        return in_order[min(index, len(in_order) - 1)]

    return [
        (name, target, predicted[names[name]], loss(name, index))
        for index, (name, target) in enumerate(targets)
        if name in names
    ]


def counted_classes(
    target: tf.Tensor, prediction: tf.Tensor, loss: Mapping[str, Any]
) -> tuple[tf.Tensor, tf.Tensor] | None:
    """Returns the class counts of a target and its prediction, float32 `[classes]` each.

    None where the loss is no classification loss, or the shapes do not tell the classes. What the prediction's mask
    leaves out is not counted, nor the class that the loss ignores.

    Args:
      target: class ids, one-hot rows, or 0/1 labels.
      prediction: `[…, classes]`, or `[…, 1]` for binary losses; probabilities or logits.
      loss: as the manifest describes it.
    """
    name = str(loss.get("class_name")).lower()
    classes = prediction.shape[-1] if prediction.shape.rank else None
    if classes is None or classes > MOST_CLASSES or "crossentropy" not in name:
        return None
    if classes == 1:
        middle = 0.0 if loss.get("from_logits") else 0.5
        labels, answers = tf.cast(target, tf.float32) > 0.5, tf.cast(prediction, tf.float32) > middle
    elif "sparse" in name:
        labels, answers = target, tf.argmax(prediction, -1)
    elif target.shape.rank == prediction.shape.rank and target.shape[-1] == classes and "binary" not in name:
        labels, answers = tf.argmax(target, -1), tf.argmax(prediction, -1)
    else:
        return None
    counted = _counted(labels, prediction, loss.get("ignore_class"))
    classes = max(2, classes)
    return class_counts(labels, classes, counted), class_counts(answers, classes, counted)


def _counted(labels: tf.Tensor, prediction: tf.Tensor, ignored: int | None) -> tf.Tensor | None:
    """Returns 1 for the labels that count and 0 for the others, float32 `[labels]`; None where all count."""
    mask = getattr(prediction, "_keras_mask", None)
    is_of_labels = mask is not None and mask.shape.rank == prediction.shape.rank - 1
    counted = tf.reshape(tf.cast(mask, tf.float32), [-1]) if is_of_labels else None
    if ignored is None:
        return counted
    kept = tf.cast(tf.reshape(labels, [-1]) != tf.cast(ignored, labels.dtype), tf.float32)
    return kept if counted is None else counted * kept


def _is_numeric(leaf: Any) -> bool:
    return (
        isinstance(leaf, tf.Tensor) and (leaf.dtype.is_floating or leaf.dtype.is_integer or leaf.dtype.is_bool)
    ) and leaf.shape.rank is not None
