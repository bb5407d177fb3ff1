"""The step functions: the model's own, and those made beside it with taps in them.

Keras looks `model.train_function` up at every step, and makes it from `model.train_step`. A twin is
made by the same public `make_train_function`, from a `train_step` that is watched while it is traced.
"""

from collections.abc import Callable
from typing import Any

from tb_nnhealth.instrument import taps
from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.layers import Site
from tb_nnhealth.instrument.recorder import Recorder

StepFunction = Callable[[Any], Any]


def sampled(model: Any, sites: Callable[[], list[Site]], recorder: Recorder) -> StepFunction:
    """Returns a step function that trains as the model's own does, and records."""
    train_step = model.train_step

    def sampled_train_step(data: Any) -> Any:
        recorder.begin_trace()
        with taps.attached(model, sites(), recorder):
            logs = train_step(data)
        recorder.end_trace(data, logs)
        return logs

    return _make(model, sampled_train_step)


def guarded(model: Any, sites: Callable[[], list[Site]], guard: Guard) -> StepFunction:
    """Returns a step function that trains as the model's own does, under the guard."""
    train_step = model.train_step

    def guarded_train_step(data: Any) -> Any:
        guard.begin_trace()
        with taps.attached(model, sites(), guard):
            logs = train_step(data)
        guard.end_trace(data, logs)
        return logs

    return _make(model, guarded_train_step)


def _make(model: Any, train_step: Callable[[Any], Any]) -> StepFunction:
    own = model.train_function
    with taps.replaced(model, "train_step", train_step):
        try:
            model.make_train_function(force=True)
            made: StepFunction = model.train_function
        finally:
            model.train_function = own
    return made
