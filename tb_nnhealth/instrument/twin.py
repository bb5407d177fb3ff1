"""The step functions: the model's own, and those made beside it with taps in them.

Keras looks `model.train_function` up at every step, and makes it from `model.train_step`. A twin is
made by the same public `make_train_function`, from a `train_step` that is watched while it is traced.
"""

from collections.abc import Callable
from typing import Any

from tb_nnhealth.instrument import functions, taps
from tb_nnhealth.instrument.layers import Site

StepFunction = Callable[[Any], Any]


def watched(
    model: Any, sites: Callable[[], list[Site]], observer: taps.Observer, on_unseen: Callable[[], None]
) -> StepFunction:
    """Returns a step function that trains as the model's own does, and has the observer told of it.

    `on_unseen` is called where something of a step is out of sight.
    """
    function = functions.functions(model).get("train_step")
    train_step = model.train_step if function is None else functions.code(function, model)

    def watched_train_step(data: Any) -> Any:
        observer.begin_trace()
        with taps.attached(model, sites, observer, on_unseen):
            logs = train_step(data)
        observer.end_trace(data, logs)
        return logs

    like_own = watched_train_step if function is None else functions.like(function, watched_train_step)
    return _make(model, like_own)


def _make(model: Any, train_step: Callable[[Any], Any]) -> StepFunction:
    own = model.train_function
    with taps.replaced(model, "train_step", train_step):
        try:
            model.make_train_function(force=True)
            made: StepFunction = model.train_function
        finally:
            model.train_function = own
    return made
