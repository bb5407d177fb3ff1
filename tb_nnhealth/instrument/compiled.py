"""Describes how a model was compiled, and what `fit` was asked for: the manifest's "compile" and "plan"."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.losses.losses import LossFunctionWrapper

from tb_nnhealth.instrument.batch import output_names
from tb_nnhealth.instrument.optimizers import asked, has_rate, schedule_of


def planned_steps(plan: Mapping[str, int | None]) -> int | None:
    """Returns how many steps the training is to have, None where the length of an epoch is unknown."""
    epochs, steps = plan.get("epochs"), plan.get("steps_per_epoch")
    return epochs * steps if epochs and steps else None


def describe_compile(model: Any, steps: int | None) -> dict[str, Any]:
    """Returns the manifest's "compile": optimizer, losses, metrics and how the step is run.

    Args:
      model: the model.
      steps: those that the training is to have, None where unknown.
    """
    return {
        "optimizer": _optimizer(getattr(model, "optimizer", None), steps),
        "losses": losses(model),
        "metrics": _metrics(model),
        "output_metrics": _output_metrics(model),
        "run_eagerly": bool(model.run_eagerly),
        "jit_compile": bool(model.jit_compile),
        "steps_per_execution": int(model.steps_per_execution),
        "dtype_policy": model.dtype_policy.name,
    }


def losses(model: Any) -> list[dict[str, Any]]:
    """Returns the compiled losses by output: their class (or function) names, their weights in the sum, how each is
    reduced, and those of their settings that say what they expect."""
    compile_loss = getattr(model, "_compile_loss", None)
    compiled = getattr(compile_loss, "_user_loss", None)
    if compiled is None:
        return []
    names = output_names(model) or []
    if isinstance(compiled, dict):
        found = list(compiled.items())
    elif not isinstance(compiled, (list, tuple)) and names:
        found = [(name, compiled) for name in names]  # Keras takes one loss for each output.
    else:
        flat = keras.tree.flatten(compiled)
        found = [(names[i] if i < len(names) else str(i), loss) for i, loss in enumerate(flat)]
    weights = _loss_weights(getattr(compile_loss, "_user_loss_weights", None), [output for output, _ in found])
    described = [_loss(str(output), loss) | weight for (output, loss), weight in zip(found, weights, strict=True)]
    return [loss for loss, (_, given) in zip(described, found, strict=True) if given is not None]


def _loss_weights(given: Any, outputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Returns each output's weight in the sum of the losses as part of its description, nothing where it has none."""
    if isinstance(given, dict):
        weights = [given.get(output) for output in outputs]
    else:
        flat = keras.tree.flatten(given)
        weights = flat if len(flat) == len(outputs) else [None] * len(outputs)
    return [{} if weight is None else {"weight": _number(weight)} for weight in weights]


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _loss(output: str, loss: Any) -> dict[str, Any]:
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return {"output": output, "class_name": loss}
    if isinstance(loss, keras.losses.Loss):
        aligns = isinstance(loss, LossFunctionWrapper)
        config = getattr(loss, "_fn_kwargs", {})
        name = type(loss).__name__
    else:
        aligns, config, name = True, {}, _function_name(loss)
    described: dict[str, Any] = {"output": output, "class_name": name, "aligns_ranks": aligns}
    if getattr(loss, "reduction", None) is not None:
        described["reduction"] = str(loss.reduction)
    kinds = {"from_logits": bool, "label_smoothing": float, "ignore_class": int}
    return described | {key: kind(config[key]) for key, kind in kinds.items() if config.get(key) is not None}


def _function_name(loss: Any) -> str:
    """Returns the name of a function as its class is called where it is Keras' own: a user's may share it by chance."""
    name = getattr(loss, "__name__", str(loss))
    is_keras = (getattr(loss, "__module__", None) or "").startswith("keras.")
    return "".join(word.capitalize() for word in name.split("_")) if is_keras else name


def _metrics(model: Any) -> list[str]:
    """Returns the compiled metrics as they were given: names, or names of classes and functions."""
    return _metric_names(_given_metrics(model))


def _output_metrics(model: Any) -> dict[str, list[str]]:
    """Returns the compiled metrics by output, as Keras shares them out; nothing where it cannot be told."""
    names = output_names(model) or []
    shared: dict[str, list[str]] = {name: [] for name in names}
    for given in _given_metrics(model):
        if len(names) == 1:
            parts = {names[0]: given}
        elif isinstance(given, dict) and set(given) <= set(names):
            parts = given
        elif isinstance(given, (list, tuple)) and len(given) == len(names):
            parts = dict(zip(names, given, strict=True))
        else:
            return {}
        for name, part in parts.items():
            shared[name] += _metric_names(part)
    return shared


def _given_metrics(model: Any) -> list[Any]:
    compiled = getattr(model, "_compile_metrics", None)
    given = [getattr(compiled, name, None) for name in ("_user_metrics", "_user_weighted_metrics")]
    return [metrics for metrics in given if metrics]


def _metric_names(given: Any) -> list[str]:
    return [_name(part) for part in keras.tree.flatten(given) if part is not None]


def _name(thing: Any) -> str:
    """Returns the name of a class or function, or the one given: "accuracy" is in Keras the same as "Accuracy"."""
    if isinstance(thing, str):
        return thing.lower() if thing.lower() in ("accuracy", "acc") else thing
    return str(getattr(thing, "__name__", type(thing).__name__))


def _optimizer(optimizer: Any, steps: int | None) -> dict[str, Any]:
    if optimizer is None:
        return {}
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = schedule_of(optimizer)
    rate, scheduled = _learning_rates(inner, schedule, steps)
    return {
        "class_name": type(inner).__name__,
        "learning_rate": rate,
        "schedule": None if schedule is None else type(schedule).__name__,
        "scheduled": scheduled,
        "momentum": getattr(inner, "momentum", None),
        "weight_decay": inner.weight_decay,
        "clipnorm": inner.clipnorm,
        "global_clipnorm": inner.global_clipnorm,
        "clipvalue": inner.clipvalue,
        "gradient_accumulation_steps": inner.gradient_accumulation_steps,
        "use_ema": bool(inner.use_ema),
        "loss_scaled": optimizer is not inner or inner.loss_scale_factor is not None,
    }


def _learning_rates(optimizer: Any, schedule: Any, steps: int | None) -> tuple[float | None, list[float] | None]:
    """Returns the learning rate as it is now, and a schedule's at the quarters of the training, five of them; None for
    what cannot be had."""
    if schedule is None:
        return float(tf.convert_to_tensor(optimizer.learning_rate)) if has_rate(optimizer) else None, None
    rate = asked(schedule)
    if rate is None:
        return None, None
    now = _asked_at(rate, [int(tf.convert_to_tensor(optimizer.iterations))])
    quarters = None if steps is None else [int(step) for step in np.linspace(0, max(0, steps - 1), 5)]
    return None if now is None else now[0], None if quarters is None else _asked_at(rate, quarters)


def _asked_at(rate: Any, steps: Sequence[int]) -> list[float] | None:
    """Returns a traced schedule's learning rates at some steps, None where it breaks at one."""
    try:
        return [float(rate(tf.constant(step, tf.int64))) for step in steps]
    except Exception:
        return None
