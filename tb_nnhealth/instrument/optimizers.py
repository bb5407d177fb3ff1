"""What an optimizer did in a step: loss scale, learning rate, clipping, whether it updated at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument.effects import has_effects


@dataclass(frozen=True)
class Before:
    """What was read just before an optimizer changed the variables.

    Read from outside of `apply`, for it may run its updates in a branch (loss scaling, accumulation).
    """

    values: list[tf.Tensor]
    iterations: tf.Tensor
    learning_rate: tf.Tensor
    loss_scale: tf.Tensor | None


def read_before(optimizer: Any, variables: Sequence[Any]) -> Before:
    return Before(
        values=read(variables),
        iterations=tf.identity(_tensor(steps_taken(optimizer))),
        learning_rate=_learning_rate(optimizer),
        loss_scale=_loss_scale(optimizer),
    )


def _learning_rate(optimizer: Any) -> tf.Tensor:
    """Returns the rate of the next update, float32 `[]`; NaN where the optimizer has none, such as one of several, or a
    schedule that cannot be asked without a trace."""
    schedule = schedule_of(optimizer)
    if not has_rate(optimizer) or (schedule is not None and asked(schedule) is None):
        return tf.constant(float("nan"))
    return tf.cast(_tensor(optimizer.learning_rate), tf.float32)


def has_rate(optimizer: Any) -> bool:
    """Returns whether an optimizer has a learning rate of its own."""
    return schedule_of(optimizer) is not None or getattr(_inner(optimizer), "learning_rate", None) is not None


def schedule_of(optimizer: Any) -> Any:
    """Returns the schedule of an optimizer's learning rate, None where it has none."""
    given = getattr(_inner(optimizer), "_learning_rate", None)
    return given if isinstance(given, keras.optimizers.schedules.LearningRateSchedule) else None


def asked(schedule: Any) -> Any:
    """Returns a schedule as a traced function of the step, int64 `[]`; None where it changes something whenever it is
    asked, or breaks outside of a step."""
    rate = tf.function(lambda step: keras.ops.convert_to_tensor(schedule(step)), autograph=False)
    try:
        function = rate.get_concrete_function(tf.TensorSpec([], tf.int64))
    except Exception:
        return None
    return None if has_effects(function.graph, ()) else function


def steps_taken(optimizer: Any) -> Any:
    """Returns the variable that counts the optimizer's steps; `iterations` counts updates only, where
    gradients are accumulated."""
    inner = _inner(optimizer)
    return getattr(inner, "_iterations", inner.iterations)


def steps_done(model: Any) -> int:
    """Returns how many steps a model's optimizer has taken; 0 where it has none."""
    optimizer = getattr(model, "optimizer", None)
    return 0 if optimizer is None else int(tf.convert_to_tensor(steps_taken(optimizer)))


def read(variables: Sequence[Any]) -> list[tf.Tensor]:
    """Returns the variables' values as they are now, whatever is assigned to them later."""
    return [tf.identity(_tensor(v)) for v in variables]


def unscaled(gradient: Any, before: Before) -> tf.Tensor | None:
    """Returns the gradient as a dense tensor with the loss scale taken out; None where there is none."""
    if gradient is None:
        return None
    dense = tf.cast(tf.convert_to_tensor(gradient), tf.float32)
    return dense if before.loss_scale is None else dense / before.loss_scale


def step_statistics(
    optimizer: Any, before: Before, gradients: Sequence[tf.Tensor | None], norms: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Returns the statistics of the step that the optimizer knows, float32 scalars by name.

    Args:
      optimizer: the optimizer after `apply`.
      before: what was read before it.
      gradients: dense, unscaled; None where there is none.
      norms: their norms, float32 `[N]`, NaN where there is no gradient.
    """
    present = _present(norms)
    global_norm = tf.norm(present)
    unchanged = tf.equal(_tensor(steps_taken(optimizer)), before.iterations)
    statistics = {
        "learning_rate": before.learning_rate,
        "gradient_global_norm": norm_together(norms),
        "step_skipped": tf.cast(unchanged, tf.float32),
        "update_applied": tf.cast(_updates_at(optimizer, before.iterations), tf.float32),
    }
    if before.loss_scale is not None:
        statistics["loss_scale"] = before.loss_scale
    clipped = _clipped_norm(_inner(optimizer), gradients, present, global_norm)
    if clipped is not None:
        statistics["clipped_fraction"] = tf.maximum(0.0, 1.0 - tf.math.divide_no_nan(clipped, global_norm))
    return statistics


def norm_together(norms: Any) -> tf.Tensor:
    """Returns the norm of all tensors together from their norms `[N]`; NaN where there is none but NaN."""
    return tf.where(tf.reduce_all(tf.math.is_nan(norms)), float("nan"), tf.norm(_present(norms)))


def _present(norms: Any) -> tf.Tensor:
    return tf.where(tf.math.is_nan(norms), tf.zeros_like(norms), norms)


def _clipped_norm(
    optimizer: Any, gradients: Sequence[tf.Tensor | None], norms: tf.Tensor, global_norm: tf.Tensor
) -> tf.Tensor | None:
    if optimizer.gradient_accumulation_steps:
        return None
    if optimizer.global_clipnorm is not None:
        return tf.minimum(global_norm, optimizer.global_clipnorm)
    if optimizer.clipnorm is not None:
        return tf.norm(tf.minimum(norms, optimizer.clipnorm))
    if optimizer.clipvalue is not None:
        limit = optimizer.clipvalue
        return tf.linalg.global_norm([tf.clip_by_value(g, -limit, limit) for g in gradients if g is not None])
    return None


def _updates_at(optimizer: Any, iterations: tf.Tensor) -> tf.Tensor:
    every = _inner(optimizer).gradient_accumulation_steps
    return tf.equal((iterations + 1) % every, 0) if every else tf.constant(True)


def _inner(optimizer: Any) -> Any:
    return getattr(optimizer, "inner_optimizer", optimizer)


def _loss_scale(optimizer: Any) -> tf.Tensor | None:
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        scale = optimizer.dynamic_scale if optimizer.built else optimizer.initial_scale
        return tf.cast(tf.identity(_tensor(scale)), tf.float32)
    factor = optimizer.loss_scale_factor
    return None if factor is None else tf.constant(factor, tf.float32)


def _tensor(value: Any) -> Any:
    return value.value if isinstance(value, keras.Variable) else value
