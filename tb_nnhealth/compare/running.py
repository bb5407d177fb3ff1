"""One run of a Keras model on a batch, forwards and backwards, of which every value is recorded and nothing is left.

Keras' `StatelessScope` gives the variables their values for the run, and drops what layers assign to them (moving
statistics, seeds, metrics).
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import keras
import tensorflow as tf

from tb_nnhealth.compare.naming import Named, named_layers
from tb_nnhealth.compare.noise import Noise, positions, sum_length
from tb_nnhealth.compare.record import PREDICTION, Array, Key, Record, as_floats, pre_activation
from tb_nnhealth.instrument.batch import output_names
from tb_nnhealth.instrument.state import State
from tb_nnhealth.instrument.taps import replaced

LOSS_SCALE = 1024.0
"""By which a loss is multiplied where float16 is computed in, and its gradients divided: else these fall to zero."""


@dataclass(frozen=True)
class Work:
    """What a model is run on: a batch, the mode, the model whose loss is taken (None: no loss), and given weights."""

    x: Any
    y: Any = None
    sample_weight: Any = None
    training: bool = False
    loss_from: Any = None
    weights: Mapping[str, Array] | None = None


def run(model: Any, work: Work, noise: Noise | None = None) -> Record:
    """Returns all values of a model on a batch.

    Args:
      model: a built Keras model.
      work: the batch, and how it is run.
      noise: moves weights, outputs and gradients, where it is given.
    """
    return _Run(model, work, noise).record()


class _Run:
    def __init__(self, model: Any, work: Work, noise: Noise | None) -> None:
        self._model, self._work, self._noise = model, work, noise
        self._named = named_layers(model)
        self._weights = {name: variable for named in self._named for name, variable in named.weights.items()}
        self._dtypes = frozenset(str(named.layer.compute_dtype) for named in self._named)
        self._scale = LOSS_SCALE if "float16" in self._dtypes else 1.0
        self._values: dict[Key, Any] = {}
        self._known: dict[int, str] = {}
        self._passed_on: set[str] = set()
        self._activated: dict[str, Any] = {}
        self._calls: Counter[str] = Counter()

    def record(self) -> Record:
        with contextlib.ExitStack() as stack:
            stack.enter_context(_kept(self._named))
            stack.enter_context(_functions_as_code())
            tape = stack.enter_context(tf.GradientTape(watch_accessed_variables=False))
            scope = stack.enter_context(keras.StatelessScope(self._given(), collect_losses=True))
            trained = {n: scope.get_current_value(v) for n, v in self._weights.items() if v.trainable}
            for tensor in trained.values():
                tape.watch(tensor)
            for named in self._named:
                _attach(named.layer, partial(self._seen, tape, named), stack)
                activation = vars(named.layer).get("activation")
                if named.name and callable(activation) and not isinstance(activation, keras.layers.Layer):
                    noted = partial(self._activate, tape, named, activation)
                    stack.enter_context(replaced(named.layer, "activation", noted))
            loss = self._forwards(tape)
            if self._work.training:
                state = {n: scope.get_current_value(v) for n, v in self._weights.items() if not v.trainable}
                self._values.update({("state", name): value for name, value in state.items()})
        into = {name: tensor for (stage, name), tensor in self._values.items() if stage in ("output", "prediction")}
        weights: dict[Key, Any] = {("weights", name): self._value(name) for name in self._weights}
        values = {**weights, **self._values}
        if loss is not None:
            gradients = iter(tape.gradient(loss, [*into.values(), *trained.values()]))
            values |= {("into", name): self._gradient(next(gradients), tensor) for name, tensor in into.items()}
            values |= {("of", name): self._gradient(next(gradients), tensor) for name, tensor in trained.items()}
        owners = {name: named.name for named in self._named for name in named.weights}
        kinds = {named.name: type(named.layer).__name__ for named in self._named}
        held = {key: _host(v) for key, v in values.items()}
        return Record(held, owners, kinds, self._dtypes, True, frozenset(self._passed_on))

    def _given(self) -> list[tuple[Any, tf.Tensor]]:
        """Returns each variable with its value for this run; the seeds are the same in every model, in their order."""
        given, seeds = [], 0
        names = {id(variable): name for name, variable in self._weights.items()}
        for variable in self._model.variables:
            if id(variable) in names:
                value = tf.cast(tf.convert_to_tensor(self._value(names[id(variable)])), variable.dtype)
                moved = self._noise.moved(value, positions(tuple(value.shape))) if self._noise else tf.identity(value)
                given.append((variable, moved))
            elif variable.path.endswith("seed_generator_state"):
                given.append((variable, tf.constant([seeds, 0], variable.dtype)))
                seeds += 1
            else:
                given.append((variable, tf.identity(variable.value)))
        return given

    def _value(self, name: str) -> Any:
        given = self._work.weights or {}
        return given[name] if name in given else self._weights[name].value

    def _forwards(self, tape: tf.GradientTape) -> Any:
        work = self._work
        predictions = self._model(work.x, training=work.training)
        leaves = keras.tree.flatten(predictions)
        for index, place in enumerate(_prediction_names(self._model, predictions)):
            if _is_measurable(leaves[index]):
                self._note_passed_on(leaves[index])
                leaves[index] = self._told(("prediction", place), leaves[index], leaves[index].shape[-1], tape)
        if work.loss_from is None:
            return None
        losses = _losses(self._model, work, keras.tree.pack_sequence_as(predictions, leaves))
        self._values.update({("loss", name): value for name, value in losses.items()})
        return losses["loss"] * tf.cast(self._scale, losses["loss"].dtype)

    def _seen(self, tape: tf.GradientTape, named: Named, inputs: Any, outputs: Any) -> Any:
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
        shapes = [tuple(leaf.shape) for leaf in keras.tree.flatten(inputs) if _is_measurable(leaf)]
        length = sum_length([tuple(v.shape) for v in named.weights.values()], shapes)
        for index, leaf in enumerate(leaves):
            if _is_measurable(leaf):
                leaves[index] = self._told(("output", f"{call}[{index}]" if index else call), leaf, length, tape)
        return keras.tree.pack_sequence_as(outputs, leaves)

    def _next_call(self, named: Named) -> str:
        index = self._calls[named.name] + 1
        return named.name if index == 1 else f"{named.name}#{index}"

    def _note_passed_on(self, values: Any) -> None:
        leaves = keras.tree.flatten(values)
        self._passed_on.update(self._known[id(leaf)] for leaf in leaves if id(leaf) in self._known)

    def _activate(self, tape: tf.GradientTape, named: Named, activation: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Does a layer's activation, and notes what it is given, unless that is a place already, or stays as it is."""
        if not tf.executing_eagerly() or not _is_measurable(x) or id(x) in self._known:
            return activation(x, *args, **kwargs)
        place = pre_activation(self._next_call(named))
        length = sum_length([tuple(v.shape) for v in named.weights.values()], [tuple(x.shape)])
        passed = self._told(("output", place), x, length, tape)
        self._activated[place] = activation(passed, *args, **kwargs)
        if self._activated[place] is not passed:
            return self._activated[place]
        self._keep_if_last(place, [])
        return x

    def _keep_if_last(self, place: str, outputs: list[Any]) -> None:
        """Forgets what an activation was given, unless what it gave is the layer's output."""
        activated = self._activated.pop(place, None)
        if activated is not None and not any(leaf is activated for leaf in outputs):
            self._known.pop(id(self._values.pop(("output", place))))

    def _told(self, key: Key, tensor: tf.Tensor, length: int, tape: tf.GradientTape) -> tf.Tensor:
        passed = self._noise.both_ways(tensor, length) if self._noise else tf.identity(tensor)
        tape.watch(passed)
        mask = getattr(tensor, "_keras_mask", None)
        if mask is not None:
            passed._keras_mask = mask
        self._known[id(passed)] = key[1]
        self._values[key] = passed
        return passed

    def _gradient(self, gradient: Any, tensor: tf.Tensor) -> tf.Tensor:
        if gradient is None:
            return tf.zeros_like(tensor)
        dense = tf.convert_to_tensor(gradient)
        return dense if self._scale == 1 else tf.cast(dense, tf.float32) / self._scale


def _prediction_names(model: Any, predictions: Any) -> list[str]:
    paths = ["/".join(map(str, path)) for path, _ in keras.tree.flatten_with_path(predictions)]
    names = output_names(model) if isinstance(predictions, (list, tuple)) else None
    if len(paths) == 1:
        return [PREDICTION]
    return [f"{PREDICTION}/{name}" for name in (names if names and len(names) == len(paths) else paths)]


def _losses(model: Any, work: Work, predictions: Any) -> dict[str, tf.Tensor]:
    """Returns the losses by name: "loss" is what is trained on, and last."""
    judge = work.loss_from
    parts: dict[str, tf.Tensor] = {}
    with contextlib.ExitStack() as stack:
        compiled = _fresh_loss(judge, work, predictions, stack)
        if compiled is not None and len(compiled._flat_losses) > 1:
            told = [part._replace(loss=partial(_part, part, parts)) for part in compiled._flat_losses]
            stack.enter_context(replaced(compiled, "_flat_losses", told))
        total = judge._compute_loss(work.x, work.y, predictions, work.sample_weight, training=work.training)
        added = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in judge.losses]
    if judge is model:
        parts["loss/regularization"] = tf.add_n([tf.zeros([]), *added])
    return {**parts, "loss": tf.convert_to_tensor(total)}


def _part(part: Any, parts: dict[str, tf.Tensor], *args: Any, **kwargs: Any) -> tf.Tensor:
    loss = part.loss(*args, **kwargs)
    parts[f"loss/{part.name}"] = tf.convert_to_tensor(loss)
    return loss


def _fresh_loss(model: Any, work: Work, predictions: Any, stack: contextlib.ExitStack) -> Any:
    """Gives the model, until the stack is unwound, a compiled loss that was built on this batch; returns it."""
    own = model._compile_loss
    if own is None:
        return None
    fresh = type(own)(own._user_loss, own._user_loss_weights, output_names=own.output_names)
    stack.enter_context(replaced(model, "_compile_loss", fresh))
    with contextlib.suppress(Exception):  # A `compute_loss` of the model's own may give it something else.
        fresh(work.y, predictions, work.sample_weight)
    return fresh if fresh.built else None


@contextlib.contextmanager
def _kept(named: list[Named]) -> Iterator[None]:
    """Brings back TensorFlow's variables that layers hold past Keras."""
    held = {id(v): v for one in named for v in vars(one.layer).values() if isinstance(v, tf.Variable)}
    with State(list(held.values())).taken_back() if held else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def _functions_as_code() -> Iterator[None]:
    """Has `tf.function`s run as plain code: traced, they would keep the values that variables have in this run."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _attach(layer: Any, seen: Callable[[Any, Any], Any], stack: contextlib.ExitStack) -> None:
    """Has what a layer gives seen, until the stack is unwound."""
    method = "quantized_call" if getattr(layer, "quantization_mode", None) else "call"
    original = getattr(layer, method)

    @wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return seen((args, kwargs), original(*args, **kwargs))

    stack.enter_context(replaced(layer, method, call))


def _is_measurable(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and value.dtype.is_floating and bool(value.shape.rank)


def _host(value: Any) -> Array:
    if tf.is_tensor(value):
        value = (value if value.dtype in (tf.float32, tf.float64) else tf.cast(value, tf.float32)).numpy()
    return as_floats(value)
