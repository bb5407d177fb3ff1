"""The step functions: the model's own, and those made beside it with taps in them.

Keras looks `model.train_function` up at every step, and makes it from `model.train_step`. A twin is
made by the same public `make_train_function`, from a `train_step` that is watched while it is traced.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument import functions, scopes, taps
from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.layers import Site

StepFunction = Callable[[Any], Any]


def watched(
    model: Any,
    sites: Callable[[], list[Site]],
    observer: taps.Observer,
    on_unseen: Callable[[], None],
    is_replayed: bool = False,
) -> StepFunction:
    """Returns a step function that trains as the model's own does, and has the observer told of it.

    `on_unseen` is called where something of a step is out of sight. Where it `is_replayed`, XLA does not compile it.
    """
    train_step = watched_train_step(model, sites, observer, on_unseen)
    if is_replayed:
        return _make_without_xla(model, train_step)
    function = functions.of_train_step(model)
    return _make(model, train_step if function is None else functions.like(function, train_step))


def watched_train_step(
    model: Any, sites: Callable[[], list[Site]], observer: taps.Observer, on_unseen: Callable[[], None]
) -> Callable[[Any], Any]:
    """Returns the model's `train_step`, of which the observer is told whenever it is traced."""
    function = functions.of_train_step(model)
    own = model.train_step if function is None else functions.code(function, model)

    def train_step(data: Any) -> Any:
        observer.begin_trace()
        with scopes.closed_on_failure(), taps.attached(model, sites, observer, on_unseen):
            logs = own(data)
        observer.end_trace(data, logs)
        return logs

    return train_step


def watched_from_outside(model: Any, guard: Guard) -> StepFunction:
    """Returns a step function in which nothing is read, such as one that XLA compiles: the guard sees what goes in and
    out."""
    own = model.train_step
    if model.jit_compile:
        own = tf.function(own, jit_compile=True, reduce_retracing=True, autograph=False)

    def train_step(data: Any) -> Any:
        guard.begin_trace()
        guard.begin_step(data)
        with scopes.closed_on_failure():
            logs = own(data)
        guard.end_trace(data, logs)
        return logs

    return _make_without_xla(model, train_step)


def _make_without_xla(model: Any, train_step: Callable[[Any], Any]) -> StepFunction:
    with taps.replaced(model, "_jit_compile", False):
        return _make(model, train_step)


def _make(model: Any, train_step: Callable[[Any], Any]) -> StepFunction:
    own = model.train_function
    with taps.replaced(model, "train_step", train_step):
        try:
            model.make_train_function(force=True)
            made: StepFunction = model.train_function
        finally:
            model.train_function = own
    functions.count_apart(made)
    return made


def are_alike(one: StepFunction, other: StepFunction) -> bool:
    """Returns whether two step functions are of the same make."""
    return _code(one) is _code(other)


def _code(step: Any) -> Any:
    return getattr(getattr(step, "python_function", step), "__code__", type(step))
