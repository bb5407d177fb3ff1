"""A training step's loss as one graph, with the places in it where layers and losses begin and end."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend import compute_output_spec

from tb_nnhealth.flight.gradients.own import own_activity_regularizers, own_layers, own_losses, own_regularizers
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.flight.training.objective import has_own_loss
from tb_nnhealth.instrument.forward import forward
from tb_nnhealth.instrument.layers import call_of
from tb_nnhealth.instrument.taps import replaced


@dataclass(eq=False)
class Part:
    """A layer or loss of somebody's own in the graph: the floats that it is given, and those that it gives.

    `kind` is "layer", "added" for what a layer adds to the loss, "activity" for what the regularizer of its outputs
    does, "regularizer" for that of a variable, or "loss" for a compiled one.
    `variables` are the positions of its trainable variables among the model's. `slope_of` is the sum of its outputs
    times fixed numbers, `gradients` those of this sum: by the inputs first, then by the variables.
    """

    kind: str
    name: str
    class_name: str
    inputs: list[tf.Tensor]
    outputs: list[tf.Tensor]
    variables: list[int] = field(default_factory=list)
    slope_of: Any = None
    gradients: list[tf.Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class Traced:
    """The graph of a function of the variables' values: its loss, and the gradients by the trainable ones.

    `variables` are all of the model's; `values` stand in the graph for those of the trainable ones.
    """

    function: Any
    variables: list[Any]
    values: list[tf.Tensor]
    loss: tf.Tensor
    gradients: list[tf.Tensor]
    parts: list[Part]


class _Watch:
    """Notes the first call of each layer, loss and regularizer of somebody's own in the graph that is traced.

    It calls them once more, for a gradient written by hand may be one that can be taken once only.
    """

    def __init__(self, model: Any, scope: Any, graph: Any) -> None:
        self.parts: list[Part] = []
        self._scope, self._graph = scope, graph
        self._index = {id(variable): i for i, variable in enumerate(model.trainable_variables)}

    @contextlib.contextmanager
    def layers(self, model: Any) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for layer in own_layers(model):
                variables = [self._index[id(v)] for v in layer.trainable_variables if id(v) in self._index]
                part = Part("layer", layer.path or layer.name, type(layer).__name__, [], [], variables)
                method = call_of(layer)
                stack.enter_context(replaced(layer, method, self._noted(getattr(layer, method), part, self._given)))
            for layer, name, regularizer in own_activity_regularizers(model):
                part = Part("activity", layer.path or layer.name, name, [], [])
                noted = self._noted(regularizer, part, self._given)
                stack.enter_context(replaced(layer, "activity_regularizer", noted))
            yield

    @contextlib.contextmanager
    def losses(self, model: Any) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name, loss in own_losses(model):
                part = Part("loss", name, type(loss).__name__, [], [])
                stack.enter_context(replaced(loss, "call", self._noted(loss.call, part, _predicted)))
            yield

    def regularizers(self, model: Any) -> None:
        """Notes those of variables, which are given nothing else."""
        for variable, name, regularizer in own_regularizers(model):
            outputs = _floats(regularizer(self._scope.get_current_value(variable)))
            self.parts.append(Part("regularizer", variable.path, name, [], outputs, [self._index[id(variable)]]))

    def _given(self, args: Any, kwargs: Any) -> Any:
        return args, kwargs

    def _noted(self, call: Any, part: Part, given: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            if part not in self.parts and tf.compat.v1.get_default_graph() is self._graph:
                self.parts.append(part)
                before = len(self._scope.losses)
                again = call(*args, **kwargs)
                part.inputs = _floats(given(args, kwargs))
                part.outputs = _floats(again)
                added = replace(part, kind="added", outputs=_floats(self._scope.losses[before:]), gradients=[])
                self.parts += [added] if added.outputs else []
                del self._scope.losses[before:]
            return result

        return noted


class _Built(Exception):
    """Ends the call of a loss where it is built."""


def _predicted(args: Any, kwargs: Any) -> Any:
    """Returns what of a loss's arguments is a prediction: its second."""
    return (*args, *kwargs.values())[1:2]


def traced(model: Any, sample: Sample) -> Traced:
    """Returns the graph of a training step's loss, with the variables' values as arguments.

    Random numbers that Keras draws are the same in each run of it: they come from a state that does not change.
    """
    _prepare(model, sample)
    variables = _variables(model)
    trainable = len(model.trainable_variables)
    found: dict[str, Any] = {}

    def step(values: Sequence[tf.Tensor]) -> tf.Tensor:
        pairs = list(zip(variables, values, strict=True))
        with keras.StatelessScope(pairs, collect_losses=True, initialize_variables=False) as scope:
            watch = _Watch(model, scope, tf.compat.v1.get_default_graph())
            loss, is_loss = _objective(model, sample, watch)
            if is_loss:
                watch.regularizers(model)
        changed = list(values[:trainable])
        gradients = _gradients([loss], changed)
        for part in watch.parts:
            part.slope_of = _contracted(part.outputs)
            by = [*part.inputs, *(changed[i] for i in part.variables)]
            part.gradients = _gradients([part.slope_of], by, stopped=part.inputs)
        found.update(values=changed, loss=loss, gradients=gradients, parts=watch.parts)
        return loss

    specification = [tf.TensorSpec(variable.shape, variable.dtype) for variable in variables]
    function = tf.function(step, autograph=False).get_concrete_function(specification)
    return Traced(function=function, variables=variables, **found)


def trained_gradients(model: Any, sample: Sample, values: Sequence[Any]) -> list[Any]:
    """Returns the gradients by the model's own variables at some values, as its training computes them, None for none:
    within a graph, where a `tf.custom_gradient` is given variables as numbers, unless the model runs eagerly.

    All variables have their values back afterwards.
    """
    variables, everything = list(model.trainable_variables), _variables(model)
    old = [tf.convert_to_tensor(variable.value) for variable in everything]  # It shares their memory until they change.
    _assign(variables, values)
    places: list[int] = []

    def step() -> list[Any]:
        with tf.GradientTape() as tape:
            loss, _ = _objective(model, sample)
        found = tape.gradient(loss, variables)
        places[:] = [place for place, gradient in enumerate(found) if gradient is not None]
        return [tf.convert_to_tensor(found[place]) for place in places]

    try:
        found = (step if model.run_eagerly else tf.function(step, autograph=False))()
    finally:
        _assign(everything, old)
    by_place = dict(zip(places, (gradient.numpy() for gradient in found), strict=True))
    return [by_place.get(place) for place in range(len(variables))]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _prepare(model: Any, sample: Sample) -> None:
    """Has the compiled loss make its metrics before anything is traced, as the first step of a training does.

    It is called, for it lays out targets by outputs first, of which some may have no loss; until it is built only, for
    a `tf.custom_gradient` of a variable may be one that works within a graph only.
    """
    compiled = getattr(model, "_compile_loss", None)
    if compiled is None or compiled.built or sample.y is None:
        return
    build = compiled.build

    def only_build(y: Any, predicted: Any) -> None:
        build(y, predicted)
        raise _Built

    with replaced(compiled, "build", only_build), contextlib.suppress(_Built):
        compiled(sample.y, compute_output_spec(model, sample.x, training=False))


def _variables(model: Any) -> list[Any]:
    """Returns the variables of the model and of its metrics, each once, the trainable ones first."""
    held = [*model.trainable_variables, *model.variables, *(v for metric in model.metrics for v in metric.variables)]
    return list({id(variable): variable for variable in held}.values())


def _objective(model: Any, sample: Sample, watch: _Watch | None = None) -> tuple[tf.Tensor, bool]:
    """Returns the compiled loss, or what stands for it: the outputs times fixed numbers, and the layers' own losses."""
    x, y, weights = as_batch(sample)
    with watch.layers(model) if watch else contextlib.nullcontext():
        outputs = forward(model, x, training=True)
    compiled = getattr(model, "_compile_loss", None)
    has_data_loss = compiled is not None and y is not None
    if model.compiled and (has_data_loss or has_own_loss(model) or (compiled is None and model.losses)):
        with watch.losses(model) if watch else contextlib.nullcontext():
            loss = model._compute_loss(x, y, outputs, weights, training=True)
        return tf.reduce_mean(loss), True
    return _contracted([*_floats(outputs), *_floats(list(model.losses))]), False


def _floats(structure: Any) -> list[tf.Tensor]:
    """Returns the float tensors of a structure, each once."""
    leaves = [leaf for leaf in tf.nest.flatten(structure) if isinstance(leaf, tf.Tensor) and leaf.dtype.is_floating]
    return list({id(leaf): leaf for leaf in leaves}.values())


def _contracted(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the sum of the tensors times fixed numbers between -1 and 1, in float32 `[]`."""
    total = tf.zeros([])
    for index, tensor in enumerate(tensors):
        places = tf.reshape(tf.range(tf.size(tensor)), tf.shape(tensor))
        factors = tf.cos(1.7 * tf.cast(places, tf.float32) + 0.4 + index)
        total += tf.reduce_sum(tf.cast(tensor, tf.float32) * factors)
    return total


def _gradients(ys: Sequence[tf.Tensor], xs: Sequence[tf.Tensor], stopped: Any = None) -> list[tf.Tensor]:
    """Returns the gradients, zeros where none comes back."""
    if not xs:
        return []
    found = tf.gradients(ys, xs, stop_gradients=stopped)
    return [tf.zeros_like(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(found, xs, strict=True)]
