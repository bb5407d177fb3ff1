"""The rehearsal: before a step is measured, it is traced once into a graph that is thrown away.

It shows which outputs must not be read, and what a first trace makes (an optimizer's slots) is made by it:
a measured step is then traced once, not twice, and one whose trace fails leaves nothing half made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.instrument import twin
from tb_nnhealth.instrument.definition import Definition, Unreadable
from tb_nnhealth.instrument.effects import CHANGES_OF_VARIABLES, has_effects
from tb_nnhealth.instrument.layers import Site


@dataclass(frozen=True)
class Rehearsal:
    """What the trace of a step has shown.

    Attributes:
      unreadable: what must not be read.
      variables: those that the step takes or changes.
      can_be_taken_back: whether it changes nothing else, and draws no random numbers but from them.
    """

    unreadable: Unreadable
    variables: Sequence[tf.Variable]
    can_be_taken_back: bool


def rehearse(
    model: Any,
    sites: Callable[[], list[Site]],
    definition: Definition,
    on_unseen: Callable[[], None],
    iterator: Any,
) -> Rehearsal:
    """Traces a model's step without running it.

    Args:
      model: the model.
      sites: finds its layers.
      definition: told of what the trace shows, also of one that fails.
      on_unseen: called where something of the step is out of sight; a later trace may not meet it any more.
      iterator: what `fit` takes its batches from; none is taken.
    """
    train_step = twin.watched_train_step(model, sites, definition, on_unseen)

    def step(data: Any) -> None:
        model.distribute_strategy.run(train_step, args=(_without_optionals(data),))

    traced = tf.function(step, autograph=False).get_concrete_function(iterator.element_spec)
    can_be_taken_back = _knows_all_variables(traced.graph) and not has_effects(traced.graph, CHANGES_OF_VARIABLES)
    return Rehearsal(definition.unreadable(), tuple(traced.graph.variables), can_be_taken_back)


def _knows_all_variables(graph: Any) -> bool:
    """Returns whether a traced function's list of variables is complete: what is only written to is not in it."""
    known = {id(variable.handle) for variable in graph.variables}
    return all(id(tensor) in known for tensor in graph.external_captures if tensor.dtype == tf.resource)


def _without_optionals(data: Any) -> Any:
    """Keras hands on a missing part of a batch as an `Optional`."""
    return keras.tree.map_structure(lambda part: None if isinstance(part, tf.experimental.Optional) else part, data)
