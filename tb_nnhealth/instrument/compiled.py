"""Describes how a model was compiled: its optimizer, losses and metrics, and how the step is run."""

from typing import Any

import keras

from tb_nnhealth.instrument.batch import output_names


def describe_compile(model: Any) -> dict[str, Any]:
    """Returns the manifest's "compile": optimizer, losses, metrics and how the step is run."""
    return {
        "optimizer": _optimizer(model.optimizer),
        "losses": losses(model),
        "metrics": [str(m.name) for m in model.metrics if m.name != "loss"],
        "run_eagerly": bool(model.run_eagerly),
        "jit_compile": bool(model.jit_compile),
        "steps_per_execution": int(model.steps_per_execution),
        "dtype_policy": model.dtype_policy.name,
    }


def losses(model: Any) -> list[dict[str, Any]]:
    """Returns the compiled losses by output: their class (or function) names, and `from_logits` where they have it."""
    compiled = getattr(getattr(model, "_compile_loss", None), "_user_loss", None)
    if compiled is None:
        return []
    if isinstance(compiled, dict):
        found = list(compiled.items())
    else:
        names = output_names(model) or []
        flat = keras.tree.flatten(compiled)
        found = [(names[i] if i < len(names) else str(i), loss) for i, loss in enumerate(flat)]
    return [_loss(str(output), loss) for output, loss in found if loss is not None]


def _loss(output: str, loss: Any) -> dict[str, Any]:
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return {"output": output, "class_name": loss}
    if isinstance(loss, keras.losses.Loss):
        config = getattr(loss, "_fn_kwargs", {})
        name = type(loss).__name__
    else:
        config, name = {}, "".join(word.capitalize() for word in getattr(loss, "__name__", str(loss)).split("_"))
    described: dict[str, Any] = {"output": output, "class_name": name}
    if "from_logits" in config:
        described["from_logits"] = bool(config["from_logits"])
    return described


def _optimizer(optimizer: Any) -> dict[str, Any]:
    if optimizer is None:
        return {}
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = getattr(inner, "_learning_rate", None)
    is_schedule = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    return {
        "class_name": type(inner).__name__,
        "learning_rate": float(keras.ops.convert_to_numpy(inner.learning_rate)),
        "schedule": type(schedule).__name__ if is_schedule else None,
        "momentum": getattr(inner, "momentum", None),
        "weight_decay": inner.weight_decay,
        "clipnorm": inner.clipnorm,
        "global_clipnorm": inner.global_clipnorm,
        "clipvalue": inner.clipvalue,
        "gradient_accumulation_steps": inner.gradient_accumulation_steps,
        "use_ema": bool(inner.use_ema),
        "loss_scaled": optimizer is not inner or inner.loss_scale_factor is not None,
    }
