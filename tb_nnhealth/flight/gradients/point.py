"""The twin of a training step at the point at which it is derived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.flight.gradients import graphs, nudged
from tb_nnhealth.flight.gradients.derivatives import Differentiable
from tb_nnhealth.flight.gradients.doubled import NotDoubled
from tb_nnhealth.flight.gradients.precise import Precise
from tb_nnhealth.flight.gradients.traced import Traced, traced
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.telling import told

REPEATED = 1e-9
"""What sums in another order may change in float64, as a share."""


@dataclass(frozen=True)
class Point:
    """A traced step, its twin in double precision, and values by the names of tensors.

    `values` are those of the trainable variables, a little off those that the model has and in no more digits than it
    has them, and `scales` by how much they may be changed; `drawn` are the random numbers that the graph would draw
    anew.
    """

    traced: Traced
    twin: Precise
    values: Mapping[str, Any]
    scales: Mapping[str, nudged.Scale]
    drawn: Mapping[str, Any]

    @property
    def all(self) -> dict[str, Any]:
        return {**self.values, **self.drawn}

    def differentiable(
        self, value: tf.Tensor, gradients: Mapping[str, tf.Tensor], given: Mapping[str, Any]
    ) -> Differentiable:
        """Returns a function of the graph and its gradients.

        Args:
          value: the function's.
          gradients: by the names of the tensors that it is derived by.
          given: values of whatever else it depends on.
        """
        evaluate = self.twin.function([value], given)
        derive = self.twin.function(list(gradients.values()), given)
        return Differentiable(
            lambda values: float(evaluate(values)[0]),
            lambda values: dict(zip(gradients, derive(values), strict=True)),
        )


def point_of(model: Any, sample: Sample, random: np.random.Generator) -> Point:
    """Returns the point near the model's own values at which its step is derived.

    Raises:
      NotMeasured: the step cannot be traced, its loss is not finite, or it is another one each time.
    """
    try:
        step = traced(model, sample)
    except Exception as error:
        who = "the model runs eagerly, and it or its loss" if model.run_eagerly else "the model or its loss"
        raise NotMeasured(f"{who} could not be traced into one graph: {told(error)}") from error
    twin = _twin(step)
    drawn = _fixed(twin, step)
    own = {tensor.name: _array(twin.given[tensor.name]) for tensor in step.values}
    moved = {name: nudged.nudged(value, random) for name, value in own.items()}
    scales = {name: nudged.scale(value) for name, value in own.items()}
    for values in (moved, own):
        point = Point(step, twin, values, scales, drawn)
        first, second = (float(twin.run([step.loss], point.all)[0]) for _ in range(2))
        if np.isfinite(first):
            break
    if not np.isfinite(first):
        raise NotMeasured("the loss of the first examples is not finite")
    if abs(first - second) > REPEATED * abs(first):
        raise NotMeasured("the loss is another one each time it is computed, with the same random numbers of Keras")
    return point


def _array(tensor: tf.Tensor) -> Any:
    """Returns a tensor as an array that NumPy computes with, which may share its memory."""
    array = np.asarray(tensor)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _twin(step: Traced) -> Precise:
    """Returns the step's twin in double precision, or, where it cannot be had or run in it, as the step is."""
    values = [variable.value for variable in step.variables]
    try:
        twin = Precise(step.function, values)
        twin.run([step.loss, *step.gradients], {})
    except (NotDoubled, ValueError, TypeError, tf.errors.OpError):
        return Precise(step.function, values, is_double=False)
    return twin


def _fixed(twin: Precise, step: Traced) -> dict[str, Any]:
    """Returns one draw of the random numbers that the graph draws by itself."""
    tensors = graphs.drawn(step.function.graph)
    return dict(zip([tensor.name for tensor in tensors], twin.run(tensors, {}), strict=True)) if tensors else {}
