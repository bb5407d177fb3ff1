"""A gradient against finite differences, along random directions."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tb_nnhealth.flight.gradients import nudged
from tb_nnhealth.flight.gradients.slopes import slope

DIRECTIONS = 5

MOST_DOUBT = 1e-3
"""Slopes in more doubt, as a share of what a gradient's slope usually is, are left out: of a kink, or of noise."""

SMALLEST = 1e-7
"""A slope below this share of the function's value is rounding: a key's bias moves all that softmax compares alike."""

LARGE = (0.1, 0.3, 1.0, 3.0)
"""Steps that change what depends on a value at all, through a rounding, too, as shares of its scale."""

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Differentiable:
    """A function `value` of tensors given by name, and its `gradients` by some of them, by name."""

    value: Callable[[Values], float]
    gradients: Callable[[Values], Mapping[str, Any]]


@dataclass(frozen=True)
class Agreement:
    """How well a gradient agrees with finite differences: medians over the directions that tell, if these are most.

    `error` is the deviation divided by the larger of the slope and what the gradient's slope usually is along such a
    direction, or the smallest that counts; `doubt` is that of the finite differences, in the same unit. `is_blocked`:
    the gradient is zero wherever it was taken, and the function is not constant; `is_stepped`: it is constant in
    steps, and the gradient is not zero; `is_nonfinite`: the gradient holds NaN or infinity.
    """

    error: float = float("nan")
    doubt: float = float("nan")
    directions: int = 0
    dropped: int = 0
    is_blocked: bool = False
    is_stepped: bool = False
    is_nonfinite: bool = False


NOTHING = Agreement()
"""What nothing was found of."""


def agreement(
    of: Differentiable,
    at: Mapping[str, Any],
    scales: Mapping[str, nudged.Scale],
    random: np.random.Generator,
    count: int = DIRECTIONS,
) -> Agreement:
    """Returns how well the gradient by some tensors, taken together, agrees with finite differences.

    One direction is there at a time, and none beside the gradient, for each is as large as all the tensors: it is drawn
    twice.

    Args:
      of: the function and its gradients.
      at: the tensors' values, by name.
      scales: by how much each of their values may be changed, by name.
      random: draws the directions.
      count: how many directions.
    """
    again, first = deepcopy(random), deepcopy(random)
    values = {name: tf.convert_to_tensor(value) for name, value in at.items()}
    size, expected = _expected(of, values, scales, random, count)
    if not np.isfinite(size):
        return Agreement(directions=count, is_nonfinite=True)
    least = max(size, SMALLEST * abs(of.value({})))
    if not size:
        blocked = _is_blocked(of, values, _way(values, scales, first))
        return Agreement(is_blocked=blocked, error=0.0, doubt=0.0, directions=count)
    errors, doubts, flat = [], [], 0
    for slope_expected in expected:
        found = slope(partial(_along, of, values, _way(values, scales, again)))
        unit = max(least, abs(found.value)) if np.isfinite(found.value) else least
        flat += found.is_flat
        if found.doubt <= MOST_DOUBT * unit:
            errors.append(abs(slope_expected - found.value) / unit)
            doubts.append(found.doubt / unit)
    is_stepped = flat == count and _responds(of, values, _way(values, scales, first))
    if 2 * len(errors) <= count:
        return Agreement(directions=count, dropped=count, is_stepped=is_stepped)
    return Agreement(
        float(np.median(errors)), float(np.median(doubts)), count, count - len(errors), is_stepped=is_stepped
    )


def _expected(
    of: Differentiable,
    values: Values,
    scales: Mapping[str, nudged.Scale],
    random: np.random.Generator,
    count: int,
) -> tuple[float, list[float]]:
    """Returns what the slope that the gradient tells usually is, and what it is along each direction."""
    gradients = {name: np.asarray(g, np.float64) for name, g in of.gradients(values).items() if name in values}
    square, slopes = 0.0, []
    for name, gradient in gradients.items():
        for g, value in nudged.blocks(gradient, values[name]):
            square += float(np.sum(np.square(g * scales[name].of(value))))
    for _ in range(count):
        total = 0.0
        for name, value in values.items():
            way = nudged.ways(value, scales[name], random)
            total += sum(float(np.sum(g * w)) for (g,), w in zip(nudged.blocks(gradients[name]), way, strict=True))
        slopes.append(total)
    return float(np.sqrt(square)), slopes


def _way(values: Values, scales: Mapping[str, nudged.Scale], random: np.random.Generator) -> Values:
    return {name: nudged.direction(value, scales[name], random) for name, value in values.items()}


def _is_blocked(of: Differentiable, values: Values, way: Values) -> bool:
    """Returns whether the gradient stays zero far away, too, where a unit that is dead here would be alive."""
    moved = (_Moved(values, way, step) for step in LARGE)
    return _responds(of, values, way) and not any(
        np.any(np.asarray(gradient))
        for point in moved
        for name, gradient in of.gradients(point).items()
        if name in values
    )


def _responds(of: Differentiable, values: Values, way: Values) -> bool:
    middle = of.value(values)
    found = [of.value(_Moved(values, way, step)) for step in LARGE]
    return any(abs(value - middle) > 1e-6 * abs(middle) for value in found if np.isfinite(value))


def _along(of: Differentiable, values: Values, way: Values, step: float) -> float:
    return of.value(_Moved(values, way, step))


@tf.function(reduce_retracing=True, autograph=False)
def _moved(start: tf.Tensor, way: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    return tf.cast(start, tf.float64) + step * tf.cast(way, tf.float64)


@dataclass(frozen=True)
class _Moved(Mapping[str, Any]):
    """Values moved along a way, each made in float64 when it is asked for: together they are large."""

    start: Values
    way: Values
    step: float

    def __getitem__(self, name: str) -> Any:
        return _moved(self.start[name], self.way[name], tf.constant(self.step, tf.float64))

    def __iter__(self) -> Iterator[str]:
        return iter(self.start)

    def __len__(self) -> int:
        return len(self.start)
