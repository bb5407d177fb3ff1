"""What a model makes of examples: its predictions, and what its first layers that learn really get.

Both are computed in a function of their own, as the modes are: Keras' `StatelessScope` drops what layers assign, and a
function that would change anything past Keras is not run. Predictions are those of inference mode. The layers' inputs
are those of training mode, with what augments them, for it is these that the model learns from.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tb_nnhealth.instrument import functions
from tb_nnhealth.instrument.effects import RANDOM, has_effects
from tb_nnhealth.instrument.forward import as_it_is, forward
from tb_nnhealth.instrument.layers import sites
from tb_nnhealth.instrument.taps import replaced, signed_as

LOOKUPS = ("LookupTable", "HashTable", "MutableHashTable")
"""What the names of those operations begin with that look up the ids of words."""


class NotSeen(Exception):
    """Nothing can be computed of the examples without a trace in the training; says why."""


@dataclass(frozen=True)
class First:
    """What a layer gets that is the first to learn from some inputs: its path, the inputs by their places among the
    leaves of the batch, and the tensor, `[n, …]`."""

    layer: str
    inputs: tuple[int, ...]
    tensor: Any


@dataclass(frozen=True)
class Seen:
    """What the model makes of examples: the predictions' structure of arrays, and what the first layers get."""

    predictions: Any
    firsts: tuple[First, ...]


class Look:
    """Computes predictions and the first layers' inputs; compiled for the first examples' form.

    Args:
      model: the model, built.
      x: the examples' inputs, a structure of arrays `[n, …]`.

    Raises:
      NotSeen: it cannot be done without a trace in the training.
    """

    def __init__(self, model: Any, x: Any) -> None:
        if any(functions.functions(layer) for layer in model._flatten_layers()):
            raise NotSeen("the model has a tf.function as a method, which would keep what is traced into it")
        if model.run_eagerly or tf.config.functions_run_eagerly():
            raise NotSeen("the model runs eagerly, and what it does beside computing cannot be told")
        self._model = model
        self._form = _form(x)
        self._firsts: list[First] = []
        leaves = [tf.TensorSpec([None, *np.shape(leaf)[1:]], leaf.dtype) for leaf in _leaves(x)]
        self._function = tf.function(self._compute, autograph=False).get_concrete_function(leaves)
        if has_effects(self._function.graph, (*RANDOM, *LOOKUPS)):
            raise NotSeen("the model does more than compute, such as to change a tf.Variable or to print")

    def fits(self, x: Any) -> bool:
        return self._form == _form(x)

    def __call__(self, x: Any) -> Seen:
        predictions, tensors = self._function([tf.convert_to_tensor(leaf) for leaf in _leaves(x)])
        firsts = tuple(
            First(first.layer, first.inputs, array_of(tensor))
            for first, tensor in zip(self._firsts, tensors, strict=True)
        )
        return Seen(tf.nest.map_structure(array_of, predictions), firsts)

    def _compute(self, leaves: list[Any]) -> tuple[Any, list[Any]]:
        x = tf.nest.pack_sequence_as(self._form[0], leaves)
        with as_it_is(self._model):
            predictions = forward(self._model, x, training=False)
        calls: list[tuple[str, Any]] = []
        with as_it_is(self._model), _noted(self._model, calls):
            forward(self._model, x, training=True)
        self._firsts = _first_of_each(calls, leaves)
        return predictions, [first.tensor for first in self._firsts]


def array_of(tensor: Any) -> np.ndarray:
    """Returns a tensor as an array, one of bfloat16 as float32."""
    if tensor.dtype == tf.bfloat16:
        tensor = tf.cast(tensor, tf.float32)
    return np.asarray(tensor)


@contextlib.contextmanager
def _noted(model: Any, calls: list[tuple[str, Any]]) -> Iterator[None]:
    """Notes the path and each input of the layers that learn, in the order of their calls, within the block."""
    with contextlib.ExitStack() as stack:
        for site in sites(model):
            if site.is_leaf and _learns(site.layer):
                call = _noting(site.layer.call, site.path, calls)
                stack.enter_context(replaced(site.layer, "call", call))
        yield


def _noting(original: Callable[..., Any], path: str, calls: list[tuple[str, Any]]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        calls.extend((path, leaf) for leaf in keras.tree.flatten(args) if tf.is_tensor(leaf) and leaf.shape.rank)
        return original(*args, **kwargs)

    return signed_as(original, call)


def _learns(layer: Any) -> bool:
    """Returns whether a layer has weights that are made to be learnt, also where it is frozen."""
    return any(part._trainable_variables for part in layer._flatten_layers())


def _first_of_each(calls: Sequence[tuple[str, Any]], leaves: Sequence[Any]) -> list[First]:
    """Returns the first call that each of the inputs leads to."""
    places = {id(leaf): place for place, leaf in enumerate(leaves)}
    open_places, found = set(places.values()), []
    for path, tensor in calls:
        for part in _unlearnt(tensor, places, open_places):
            reached = _reached(part, places)
            if reached <= open_places:
                found.append(First(path, tuple(sorted(reached)), part))
                open_places -= reached
        if not open_places:
            break
    return found


def _unlearnt(tensor: Any, places: dict[int, int], open_places: Set[int]) -> list[Any]:
    """Returns what was computed from open inputs alone: the tensor, or the parts of one that was put together with
    what other layers learnt from other inputs."""
    waiting, met, found = [tensor], set(), []
    while waiting:
        one = waiting.pop()
        reached = _reached(one, places)
        if reached <= open_places:
            is_of_examples = bool(one.shape.rank) and (one is tensor or one.shape[0] is None)
            found += [one] if reached and is_of_examples else []
        elif reached & open_places and id(one.op) not in met:
            met.add(id(one.op))
            waiting.extend(reversed(one.op.inputs))
    return found


def _reached(tensor: Any, places: dict[int, int]) -> set[int]:
    """Returns the inputs that a tensor of the graph was computed from."""
    waiting, met, reached = [tensor], set(), set()
    while waiting:
        one = waiting.pop()
        if id(one) in places:
            reached.add(places[id(one)])
        elif id(one.op) not in met:
            met.add(id(one.op))
            waiting.extend(one.op.inputs)
    return reached


def _leaves(x: Any) -> list[Any]:
    leaves = tf.nest.flatten(x)
    if not leaves or not all(isinstance(leaf, np.ndarray) and leaf.ndim for leaf in leaves):
        raise NotSeen("the inputs are no dense tensors")
    return [leaf.astype(str) if leaf.dtype.kind == "U" else leaf for leaf in leaves]


def _form(x: Any) -> tuple[Any, list[Any]]:
    structure = tf.nest.map_structure(lambda leaf: None, x)
    return structure, [(str(leaf.dtype), leaf.shape[1:]) for leaf in _leaves(x)]
