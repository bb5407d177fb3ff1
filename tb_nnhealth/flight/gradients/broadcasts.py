"""Where a loss brings targets and predictions of different shapes together."""

from dataclasses import asdict, dataclass
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.flight.gradients import graphs
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.instrument.forward import as_it_is

ELEMENTWISE = (
    *("Sub", "AddV2", "Add", "Mul", "RealDiv", "Div", "DivNoNan", "SquaredDifference", "Maximum", "Minimum", "Pow"),
    *("Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual", "Xdivy", "Xlogy"),
)


@dataclass(frozen=True)
class Broadcast:
    """An operation on a tensor made of targets and one made of predictions, of other shapes than each other.

    `is_laid_out`: the loss has laid them out against each other, so that one at least has other axes than it was given
    with, but for such of length 1 that were added or taken away.
    """

    operation: str
    target: tuple[int, ...]
    prediction: tuple[int, ...]
    result: tuple[int, ...]
    is_laid_out: bool = False

    def record(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def broadcasts(model: Any, sample: Sample, predictions: Any) -> list[Broadcast]:
    """Returns the operations of a model's loss that broadcast targets against predictions.

    Args:
      model: compiled.
      sample: some examples.
      predictions: the model's of these.
    """
    x, y, weights = as_batch(sample)
    kept: dict[str, list[tf.Tensor]] = {}

    def loss(y: Any, predicted: Any) -> tf.Tensor:
        kept.update(y=_tensors(y), predicted=_tensors(predicted))
        with as_it_is(model):
            return model._compute_loss(x, y, predicted, weights, training=False)

    graph = tf.function(loss, autograph=False).get_concrete_function(y, predictions).graph
    pairs = [op for op in graph.get_operations() if op.type in ELEMENTWISE and _differ(op)]
    found = []
    for operation in pairs:
        sides = [_side(tensor, kept) for tensor in operation.inputs]
        if sorted(sides) == ["predicted", "y"]:
            shapes = {side: _shape(tensor) for side, tensor in zip(sides, operation.inputs, strict=True)}
            is_laid_out = any(not _is_as_given(shape, kept[side]) for side, shape in shapes.items())
            result = _shape(operation.outputs[0])
            found.append(Broadcast(operation.type, shapes["y"], shapes["predicted"], result, is_laid_out))
    return list(dict.fromkeys(found))


def _differ(operation: Any) -> bool:
    one, other = operation.inputs
    are_known = all(tensor.shape.is_fully_defined() for tensor in (one, other, operation.outputs[0]))
    return are_known and bool(one.shape != other.shape)


def _side(tensor: tf.Tensor, kept: dict[str, list[tf.Tensor]]) -> str:
    """Returns what a tensor is made of: "y", "predicted", both or neither in one word."""
    return "".join(side for side in ("predicted", "y") if graphs.depends(tensor, kept[side]))


def _is_as_given(shape: tuple[int, ...], given: list[tf.Tensor]) -> bool:
    return any(_long(shape) == _long(_shape(tensor)) for tensor in given)


def _long(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length != 1]


def _shape(tensor: tf.Tensor) -> tuple[int, ...]:
    return tuple(int(length) for length in tensor.shape)


def _tensors(structure: Any) -> list[tf.Tensor]:
    return [leaf for leaf in keras.tree.flatten(structure) if isinstance(leaf, tf.Tensor)]
