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
      variables: those that the step takes or changes; None where it changes others that nothing is known of.
      has_effects: whether it does more than change variables, such as to draw random numbers from elsewhere.
    """

    unreadable: Unreadable
    variables: Sequence[tf.Variable] | None
    has_effects: bool


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
    return Rehearsal(definition.unreadable(), _variables(traced.graph), has_effects(traced.graph, CHANGES_OF_VARIABLES))


def _variables(graph: Any) -> Sequence[tf.Variable] | None:
    """Returns the variables of a traced function, None where they are not all known: those only written to are not."""
    known = {id(variable.handle) for variable in graph.variables}
    is_complete = all(id(tensor) in known for tensor in graph.external_captures if tensor.dtype == tf.resource)
    return tuple(graph.variables) if is_complete else None


def _without_optionals(data: Any) -> Any:
    """Keras hands on a missing part of a batch as an `Optional`."""
    return keras.tree.map_structure(lambda part: None if isinstance(part, tf.experimental.Optional) else part, data)
