"""A user's own `tf.function`s, around the training step or in it: how they are measured, and their cache kept clean.

What is traced into such a function stays in its cache, and what stands there already is not traced again. So the
step's function gets a likeness, which is traced anew, and those that the model and its layers hold are taken apart
while a step is traced. What runs in any other is not measured.
"""

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

import tensorflow as tf

Code = Callable[..., Any]
_FUNCTION = tf.types.experimental.PolymorphicFunction


def functions(owner: Any) -> dict[str, Any]:
    """Returns the `tf.function`s among an object's methods, by name."""
    found: dict[str, Any] = {}
    for holder in (owner, *type(owner).__mro__):
        found = {**vars(holder), **found}
    return {name: value for name, value in found.items() if isinstance(value, _FUNCTION)}


def of_train_step(model: Any) -> Any:
    """Returns the `tf.function` that a model's `train_step` is, None where it is none."""
    return functions(model).get("train_step")


def code(function: Any, owner: Any) -> Code:
    """Returns the Python code of a `tf.function`, converted as that converts it, and bound to the object it is of."""
    python: Any = function.python_function
    if inspect.ismethod(python):
        python, owner = python.__func__, python.__self__
    elif not any(function is value for kind in type(owner).__mro__ for value in vars(kind).values()):
        owner = None  # It is the instance's own attribute.
    converted = _converted(python) if getattr(function, "_autograph", True) else python
    return converted if owner is None else MethodType(converted, owner)


def like(function: Any, python: Code) -> Code:
    """Returns a `tf.function` with the options of the given one and a cache of its own; its code is not converted."""
    made: Code = function._clone(tf.autograph.experimental.do_not_convert(python))
    return made


def count_apart(step: Code) -> None:
    """Has TensorFlow count how often a step function of Keras is traced by itself.

    It counts by the code, which is the same for all models, and at the fifth trace warns of too many.
    """
    for cell in getattr(step, "__closure__", None) or ():
        if isinstance(cell.cell_contents, _FUNCTION):
            cell.cell_contents._key_for_call_stats = cell.cell_contents.python_function


def can_be_taken_apart(function: Any) -> bool:
    """Returns whether a function's code rounds the same as a part of the function that calls it.

    Not where XLA compiles it, nor where it is called from a step that runs eagerly.
    """
    return not tf.executing_eagerly() and not getattr(function, "_jit_compile", None)


def current_graph() -> Any:
    """Returns the graph that operations are added to; None where they are run at once."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def is_within(graph: Any) -> bool:
    """Returns whether operations are added to `graph`, or to a function, a loop or a branch in it."""
    current = current_graph()
    while current is not graph and current is not None:
        current = getattr(current, "outer_graph", None)
    return current is graph


def is_in_function_called_from(graph: Any) -> bool:
    """Returns whether a function is traced that is called in `graph`; loops and branches are none."""
    current = current_graph()
    while current is not graph and current is not None and type(current) is not tf.__internal__.FuncGraph:
        current = getattr(current, "outer_graph", None)
    return current is not graph


def _converted(python: Code) -> Code:
    try:
        converted: Code = tf.autograph.to_graph(python)
    except Exception:  # Its source is not to be had: TensorFlow runs it as it is, too.
        return python
    return converted
