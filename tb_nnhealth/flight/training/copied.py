"""Fresh copies of a user's optimizer, with learning rates that can be set."""

from typing import Any

import keras
import numpy as np

from tb_nnhealth.flight.clock import NotMeasured
from tb_nnhealth.instrument.optimizers import schedule_of

HELD = {"gradient_accumulation_steps": None, "use_ema": False, "ema_overwrite_frequency": None, "warmup_steps": 0}
"""What a copy leaves out, for it would hide from one step what the rate of it does."""


ASKED = (0, *(int(step) for step in np.geomspace(1, 1e5, 51)))
"""Steps at which a schedule is asked."""


def parts_of(optimizer: Any) -> list[Any]:
    """Returns the optimizers that update variables: the one itself, the one inside it, or several of a
    `MultiOptimizer`."""
    if isinstance(optimizer, keras.optimizers.MultiOptimizer):
        return list(optimizer.optimizers)
    return [getattr(optimizer, "inner_optimizer", optimizer)]


def own_rates(optimizer: Any) -> list[float]:
    """Returns the learning rate of an optimizer; a schedule's first and highest.

    Raises:
      NotMeasured: it has none.
    """
    schedule = schedule_of(optimizer)
    try:
        if schedule is None:
            return [float(getattr(optimizer, "inner_optimizer", optimizer).learning_rate)]
        rates = [float(schedule(step)) for step in ASKED]
    except Exception as error:
        raise NotMeasured(f"the optimizer {type(optimizer).__name__} has no learning rate that can be read") from error
    return [rates[0], max(rates)]


def copied(optimizer: Any) -> Any:
    """Returns a fresh optimizer of the same make and settings, whose learning rate is a variable.

    Without accumulation of gradients, moving averages of weights and a warm-up of its own.

    Raises:
      NotMeasured: it cannot be copied; says why.
    """
    try:
        return _copied(optimizer)
    except NotMeasured:
        raise
    except Exception as error:
        name = type(optimizer).__name__
        raise NotMeasured(f"the optimizer {name} cannot be made again from its get_config: {error}") from error


def _copied(optimizer: Any) -> Any:
    if isinstance(optimizer, keras.optimizers.MultiOptimizer):
        return _several(optimizer)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return keras.optimizers.LossScaleOptimizer(
            _copied(optimizer.inner_optimizer), initial_scale=optimizer.initial_scale, name=optimizer.name
        )
    rate = max(own_rates(optimizer))
    constant = object.__new__(type(optimizer))  # A schedule of one's own may have no get_config.
    vars(constant).update(vars(optimizer) | {"_learning_rate": rate})
    config = constant.get_config()
    config |= {name: value for name, value in HELD.items() if name in config}
    return type(optimizer).from_config(config | {"learning_rate": rate})


def _several(optimizer: Any) -> Any:
    """Returns a copy of a `MultiOptimizer` that shares the variables out as it does."""
    copies: dict[int, tuple[Any, Any]] = {}

    def copy_of(part: Any) -> Any:
        if id(part) not in copies:
            copies[id(part)] = (part, _copied(part))  # It is kept, for another might get its id.
        return copies[id(part)][1]

    return keras.optimizers.MultiOptimizer(
        lambda variable: copy_of(optimizer._optimizer_map(variable)),
        loss_scale_factor=optimizer.loss_scale_factor,
        name=optimizer.name,
    )


def rates_of(optimizer: Any) -> list[tuple[Any, str, float]]:
    """Returns the variables of a copy's learning rates, what each is a part of, and its value."""
    parts = parts_of(optimizer)
    return [(part._learning_rate, type(part).__name__, float(part.learning_rate)) for part in parts]
