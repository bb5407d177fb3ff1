"""The step functions: the model's own, and those made beside it with taps in them.

Keras looks `model.train_function` up at every step, and makes it from `model.train_step`. A twin is
made by the same public `make_train_function`, from a `train_step` that is watched while it is traced.
"""

from collections.abc import Callable
from typing import Any

from tb_nnhealth.instrument import taps
from tb_nnhealth.instrument.layers import Site

StepFunction = Callable[[Any], Any]


def watched(model: Any, sites: Callable[[], list[Site]], observer: taps.Observer) -> StepFunction:
    """Returns a step function that trains as the model's own does, and has the observer told of it."""
    train_step = model.train_step

    def watched_train_step(data: Any) -> Any:
        observer.begin_trace()
        with taps.attached(model, sites, observer):
            logs = train_step(data)
        observer.end_trace(data, logs)
        return logs

    return _make(model, watched_train_step)


def _make(model: Any, train_step: Callable[[Any], Any]) -> StepFunction:
    own = model.train_function
    with taps.replaced(model, "train_step", train_step):
        try:
            model.make_train_function(force=True)
            made: StepFunction = model.train_function
        finally:
            model.train_function = own
    return made
