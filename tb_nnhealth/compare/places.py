"""The places of a run: what each layer gives, what its activation is given, and the predictions.

At each the tensor is noted, and one takes its place that the tape follows, moved by noise where there is any.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial, wraps
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.compare.naming import Named
from tb_nnhealth.compare.noise import Noise, sum_length
from tb_nnhealth.compare.record import PREDICTION, Key, pre_activation
from tb_nnhealth.instrument.batch import output_names
from tb_nnhealth.instrument.layers import call_of
from tb_nnhealth.instrument.taps import is_measurable, replaced


class Places:
    """Notes the tensors of one run, in the order in which they are computed.

    Args:
      tape: follows them.
      noise: moves them, where it is given.

    Attributes:
      values: the tensors, those of "output" and "prediction".
      passed_on: the names of those that are, as they are, an input of a layer, or a prediction.
    """

    def __init__(self, tape: tf.GradientTape, noise: Noise | None) -> None:
        self.values: dict[Key, tf.Tensor] = {}
        self.passed_on: set[str] = set()
        self._tape, self._noise = tape, noise
        self._known: dict[int, str] = {}
        self._activated: dict[str, Any] = {}
        self._calls: Counter[str] = Counter()

    @contextlib.contextmanager
    def noted(self, layers: Iterable[Named]) -> Iterator[None]:
        """Notes within the block what these layers give, and what their activations are given."""
        with contextlib.ExitStack() as stack:
            for named in layers:
                _attach(named.layer, partial(self._seen, named), stack)
                activation = vars(named.layer).get("activation")
                if named.name and callable(activation) and not isinstance(activation, keras.layers.Layer):
                    stack.enter_context(replaced(named.layer, "activation", partial(self._activate, named, activation)))
            yield

    def predicted(self, model: Any, predictions: Any) -> Any:
        """Notes a model's predictions; returns what takes their place."""
        leaves = keras.tree.flatten(predictions)
        for index, name in enumerate(_prediction_names(model, predictions)):
            if is_measurable(leaves[index]):
                self._note_passed_on(leaves[index])
                leaves[index] = self._told(("prediction", name), leaves[index], leaves[index].shape[-1])
        return keras.tree.pack_sequence_as(predictions, leaves)

    def _seen(self, named: Named, inputs: Any, outputs: Any) -> Any:
        """Notes what a layer gives; returns what takes its place."""
        if not named.name or not tf.executing_eagerly():
            return outputs
        self._note_passed_on(inputs)
        leaves = keras.tree.flatten(outputs)
        self._keep_if_last(pre_activation(self._next_call(named)), leaves)
        if all(id(leaf) in self._known for leaf in leaves):
            return outputs  # It hands on what a layer in it gave.
        call = self._next_call(named)
        self._calls[named.name] += 1
        length = _length(named, keras.tree.flatten(inputs))
        for index, leaf in enumerate(leaves):
            if is_measurable(leaf):
                leaves[index] = self._told(("output", f"{call}[{index}]" if index else call), leaf, length)
        return keras.tree.pack_sequence_as(outputs, leaves)

    def _next_call(self, named: Named) -> str:
        index = self._calls[named.name] + 1
        return named.name if index == 1 else f"{named.name}#{index}"

    def _note_passed_on(self, values: Any) -> None:
        leaves = keras.tree.flatten(values)
        self.passed_on.update(self._known[id(leaf)] for leaf in leaves if id(leaf) in self._known)

    def _activate(self, named: Named, activation: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Does a layer's activation, and notes what it is given, unless that is a place already, or stays as it is."""
        if not tf.executing_eagerly() or not is_measurable(x) or id(x) in self._known:
            return activation(x, *args, **kwargs)
        place = pre_activation(self._next_call(named))
        passed = self._told(("output", place), x, _length(named, [x]))
        self._activated[place] = activation(passed, *args, **kwargs)
        if self._activated[place] is not passed:
            return self._activated[place]
        self._keep_if_last(place, [])
        return x

    def _keep_if_last(self, place: str, outputs: list[Any]) -> None:
        """Forgets what an activation was given, unless what it gave is the layer's output."""
        activated = self._activated.pop(place, None)
        if activated is not None and not any(leaf is activated for leaf in outputs):
            self._known.pop(id(self.values.pop(("output", place))))

    def _told(self, key: Key, tensor: tf.Tensor, length: int) -> tf.Tensor:
        passed = self._noise.both_ways(tensor, length) if self._noise else tf.identity(tensor)
        self._tape.watch(passed)
        mask = getattr(tensor, "_keras_mask", None)
        if mask is not None:
            passed._keras_mask = mask
        self._known[id(passed)] = key[1]
        self.values[key] = passed
        return passed


def _length(named: Named, inputs: Iterable[Any]) -> int:
    """Returns how many terms the sums of a layer have."""
    shapes = [tuple(leaf.shape) for leaf in inputs if is_measurable(leaf)]
    return sum_length([tuple(variable.shape) for variable in named.weights.values()], shapes)


def _prediction_names(model: Any, predictions: Any) -> list[str]:
    paths = ["/".join(map(str, path)) for path, _ in keras.tree.flatten_with_path(predictions)]
    names = output_names(model) if isinstance(predictions, (list, tuple)) else None
    if len(paths) == 1:
        return [PREDICTION]
    return [f"{PREDICTION}/{name}" for name in (names if names and len(names) == len(paths) else paths)]


def _attach(layer: Any, seen: Callable[[Any, Any], Any], stack: contextlib.ExitStack) -> None:
    """Has what a layer gives seen, until the stack is unwound."""
    method = call_of(layer)
    original = getattr(layer, method)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return seen((args, kwargs), original(*args, **kwargs))

    stack.enter_context(replaced(layer, method, call))
