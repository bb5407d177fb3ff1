"""A model that anything may be done to, and that is afterwards as if nothing had been done.

A training that follows is the same to the last bit: the same weights, the same random numbers, the same names.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.flight.keeping.chance import Chance
from tb_nnhealth.flight.keeping.objects import Snapshot
from tb_nnhealth.instrument.forward import forward


@contextlib.contextmanager
def kept(*owners: Any) -> Iterator[Sequence[str]]:
    """Brings models and the process' random generators back to what they were before, whatever happens in between.

    What is brought back is all that is reached from a model: values of variables, what is built, compiled and
    trainable, optimizers, metrics and step functions. A model that is not built is not built again, so that a `fit`
    draws its weights as it would have. May be nested; values of variables are held once.

    Args:
      owners: Keras models, built and compiled or not, or other objects that hold a state, such as a `PyDataset`.

    Yields:
      Names of what cannot be brought back among it: iterators such as generators, and arrays that are too large.
    """
    chance = Chance()
    state = Snapshot(owners)
    try:
        state.part_functions()
        state.part_iterators()
        chance.part_seeds()
        yield state.unkept
    finally:
        _surely(state.restore, chance.restore)


def build(model: Any, x: Any) -> None:
    """Builds a model that is not built, with the very weights that a `fit` would draw. Nothing is computed.

    Args:
      model: the model.
      x: inputs as the model takes them, arrays with a leading axis of examples.
    """
    if all(layer.built for layer in model._flatten_layers()):
        return
    specs = keras.tree.map_structure(lambda leaf: tf.TensorSpec([None, *leaf.shape[1:]], leaf.dtype), x)
    try:
        tf.function(lambda inputs: forward(model, inputs, training=True), autograph=False).get_concrete_function(specs)
    except Exception:  # It runs eagerly, or wants to know how many examples there are.
        model(keras.tree.map_structure(tf.convert_to_tensor, x))


def _surely(*actions: Callable[[], None]) -> None:
    """Does all of it. What is raised in between comes when it is done: Ctrl-C, or else the first error."""
    raised: BaseException | None = None
    waiting = list(actions)
    while waiting:
        try:
            waiting[0]()
            waiting.pop(0)
        except KeyboardInterrupt as interrupt:  # Once more, from its start.
            raised = interrupt
        except Exception as error:
            raised = error if raised is None else raised
            waiting.pop(0)
    if raised is not None:
        raise raised
