"""What a training may run under that keeps it from being measured."""

from typing import Any

from tensorflow.python.eager.context import context


def obstacle(model: Any) -> tuple[str, str] | None:
    """Returns what keeps a training from being measured, by name and in a sentence; None where nothing does."""
    replicas = model.distribute_strategy.num_replicas_in_sync
    if replicas > 1:
        return (
            "replicas",
            f"HealthCallback expects one replica; this training is not measured. Received: {replicas} replicas",
        )
    if any("check_numerics" in getattr(callback, "__module__", "") for callback in context().op_callbacks):
        return (
            "check_numerics",
            "HealthCallback expects operations that may give NaN, as its own do for what is not there to be measured; "
            "this training is not measured. Received: tf.debugging.enable_check_numerics()",
        )
    return None
