"""What is read where, inside the one real training step.

While a step function is traced (or run eagerly), `attached` puts wrappers on the leaf layers' `call`,
on the loss computation and on the optimizers' `apply`, and takes them off again: between traces the
model is as its owner made it. What the wrappers see is handed to an observer; how they hand the
values on changes no bit of them.
"""

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common.stateless_scope import in_stateless_scope

from tb_nnhealth.instrument import functions, passing
from tb_nnhealth.instrument.layers import Site, call_of


class Observer:
    """What is told of a training step while it is traced."""

    def begin_trace(self) -> None:
        """The step begins."""

    def end_trace(self, data_batch: Any, logs: Any) -> None:
        """The step has ended, with the batch it was given and the logs it returns."""

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        """A leaf layer's inputs and its output; what is returned takes the output's place (with the same value)."""
        return output

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any, sample_weight: Any) -> None:
        """The batch with its predictions, the total loss and the examples' weights."""

    def on_failed_loss(self, x: Any, y: Any, y_pred: Any) -> None:
        """The batch with its predictions, of which the loss could not be computed."""

    def on_data_loss(self, loss: Any) -> None:
        """The compiled losses' weighted sum."""

    def on_output_loss(self, name: str, loss: Any) -> None:
        """One output's loss, unweighted."""

    def before_apply(self, optimizer: Any, variables: Sequence[Any]) -> Any:
        """An optimizer is about to change the variables; what is returned is passed to `after_apply`."""

    def after_apply(self, optimizer: Any, variables: Sequence[Any], gradients: Sequence[Any], before: Any) -> None:
        """The optimizer has changed the variables."""


unconverted = tf.autograph.experimental.do_not_convert
"""Marks what AutoGraph has to leave alone where it converts the user's code around it."""


class _Sight:
    """How far one can see from where a step is traced: not into functions that it calls and that keep their traces.

    Args:
      on_unseen: called where something is out of sight.
    """

    def __init__(self, on_unseen: Callable[[], None]) -> None:
        self._graph = functions.current_graph()
        self._on_unseen = on_unseen
        self.has_met_layers = False

    @unconverted
    def reaches(self) -> bool:
        """Returns whether what is traced now is in sight."""
        if functions.is_in_function_called_from(self._graph):
            self._on_unseen()
            return False
        return True


@contextlib.contextmanager
def attached(
    model: Any, find_sites: Callable[[], Sequence[Site]], observer: Observer, on_unseen: Callable[[], None]
) -> Iterator[None]:
    """Has the observer told of everything that the model does within the block.

    `on_unseen` is called where it does something out of sight. Keras gives a layer its path when it is built, which
    may be within the block: then the sites are looked for anew.
    """
    sight = _Sight(on_unseen)
    with contextlib.ExitStack() as stack:
        stack.enter_context(passing.forgotten())
        calls: Counter[str] = Counter()
        found = find_sites()
        _take_apart(model, {id(site.layer) for site in found if site.is_leaf}, stack)
        known = {id(site.layer): (site.layer.path, site.path) for site in found}

        def path(site: Site) -> str:
            if known[id(site.layer)][0] != site.layer.path:
                known.update({id(s.layer): (s.layer.path, s.path) for s in find_sites()})
            return known[id(site.layer)][1]

        for site in found:
            if site.is_leaf:
                method = call_of(site.layer)
                called = _call(getattr(site.layer, method), site, path, calls, observer, sight)
                stack.enter_context(replaced(site.layer, method, called))
        for optimizer in _optimizers(model):
            stack.enter_context(replaced(optimizer, "apply", _apply(optimizer, observer, sight)))
        stack.enter_context(replaced(model, "compute_loss", _compute_loss(model, observer, sight)))
        compile_loss = getattr(model, "_compile_loss", None)
        if compile_loss is not None:
            stack.enter_context(replaced(compile_loss, "call", _data_loss(compile_loss, observer, sight)))
        yield
        if not sight.has_met_layers and any(site.is_leaf for site in found):
            on_unseen()  # They were called in a function that had been traced before.


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Shadows a method with an instance attribute, past Keras' attribute tracking."""
    attributes = owner.__dict__
    had, old = name in attributes, attributes.get(name)
    attributes[name] = value
    try:
        yield
    finally:
        if had:
            attributes[name] = old
        else:
            attributes.pop(name, None)


def _take_apart(model: Any, leaves: set[int], stack: contextlib.ExitStack) -> None:
    """Has methods that are `tf.function`s run as a part of the step, until the stack is unwound."""
    for owner in model._flatten_layers():
        if id(owner) not in leaves:
            for name, function in functions.functions(owner).items():
                if functions.can_be_taken_apart(function):
                    stack.enter_context(replaced(owner, name, functions.code(function, owner)))


def _optimizers(model: Any) -> list[Any]:
    """The model's optimizer, and those that a custom `train_step` keeps in it or in a part of it, but for one within
    another optimizer."""
    values = [value for owner in model._flatten_layers() for value in vars(owner).values()]
    held = [part for value in values for part in (value if isinstance(value, (list, tuple)) else [value])]
    unique = {id(o): o for o in (getattr(model, "optimizer", None), *held) if isinstance(o, keras.optimizers.Optimizer)}
    within = {id(getattr(optimizer, "inner_optimizer", None)) for optimizer in unique.values()}
    return [optimizer for key, optimizer in unique.items() if key not in within]


def _call(
    original: Callable[..., Any],
    site: Site,
    path: Callable[[Site], str],
    calls: Counter[str],
    observer: Observer,
    sight: _Sight,
) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        outputs = original(*args, **kwargs)
        asks_for_shapes = in_stateless_scope()  # Keras does, to build the layer.
        if asks_for_shapes:
            return outputs
        sight.has_met_layers = True
        if not sight.reaches():
            return outputs
        leaves, inputs = keras.tree.flatten(outputs), keras.tree.flatten((args, kwargs))
        index = next((i for i, leaf in enumerate(leaves) if is_measurable(leaf)), None)
        if index is None:
            return outputs
        name = path(site)
        calls[name] += 1
        row = name if calls[name] == 1 else f"{name}#{calls[name]}"
        replacement = observer.on_output(row, replace(site, path=name), inputs, leaves[index])
        if replacement is leaves[index]:
            return outputs
        leaves[index] = replacement
        return keras.tree.pack_sequence_as(outputs, leaves)

    return signed_as(original, call)


def signed_as(original: Callable[..., Any], stand_in: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a function that stands in for another, with its signature: a model may look at that."""
    with contextlib.suppress(TypeError, ValueError):
        stand_in.__dict__["__signature__"] = inspect.signature(original)
    return stand_in


def is_measurable(value: Any) -> bool:
    """Returns whether a value is a dense tensor of floats with an axis at least."""
    return isinstance(value, tf.Tensor) and value.dtype.is_floating and bool(value.shape.rank)


def _compute_loss(model: Any, observer: Observer, sight: _Sight) -> Callable[..., Any]:
    original = model.compute_loss
    signature = inspect.signature(original)
    is_of_keras_form = {"x", "y", "y_pred"} <= set(signature.parameters)  # Else the step's end shows what it can.

    def compute_loss(*args: Any, **kwargs: Any) -> Any:
        try:
            loss = original(*args, **kwargs)
        except Exception:
            if is_of_keras_form and sight.reaches():
                tell_of_failure(signature.bind_partial(*args, **kwargs).arguments)
            raise
        if is_of_keras_form and sight.reaches():
            tell(signature.bind(*args, **kwargs).arguments, loss)
        return loss

    @unconverted
    def tell(given: Mapping[str, Any], loss: Any) -> None:
        observer.on_batch(given.get("x"), given.get("y"), given.get("y_pred"), loss, given.get("sample_weight"))

    @unconverted
    def tell_of_failure(given: Mapping[str, Any]) -> None:
        observer.on_failed_loss(given.get("x"), given.get("y"), given.get("y_pred"))

    return signed_as(original, compute_loss)


def _data_loss(compile_loss: Any, observer: Observer, sight: _Sight) -> Callable[..., Any]:
    original = compile_loss.call

    def call(*args: Any, **kwargs: Any) -> Any:
        if not sight.reaches():
            return original(*args, **kwargs)
        with contextlib.ExitStack() as stack:
            if getattr(compile_loss, "_flat_losses", None) is not None:
                _watch_outputs(compile_loss, observer, stack)
            elif hasattr(compile_loss, "build"):  # Keras builds it in its first call.
                stack.enter_context(replaced(compile_loss, "build", _build(compile_loss, observer, stack)))
            loss = original(*args, **kwargs)
        observer.on_data_loss(loss)
        return loss

    return call


def _build(compile_loss: Any, observer: Observer, stack: contextlib.ExitStack) -> Callable[..., None]:
    original = compile_loss.build

    def build(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        _watch_outputs(compile_loss, observer, stack)

    return build


def _watch_outputs(compile_loss: Any, observer: Observer, stack: contextlib.ExitStack) -> None:
    """Has the observer told of each output's loss, where there are several, until the stack is unwound."""
    flat = getattr(compile_loss, "_flat_losses", None) or ()
    if len(flat) > 1:
        told = [part._replace(loss=_output_loss(part, observer)) for part in flat]
        stack.enter_context(replaced(compile_loss, "_flat_losses", told))


def _output_loss(part: Any, observer: Observer) -> Callable[..., Any]:
    def loss_fn(*args: Any, **kwargs: Any) -> Any:
        loss = part.loss(*args, **kwargs)
        observer.on_output_loss(str(part.name), loss)
        return loss

    return loss_fn


def _apply(optimizer: Any, observer: Observer, sight: _Sight) -> Callable[..., Any]:
    original = optimizer.apply

    def apply(grads: Any, trainable_variables: Any = None, **more: Any) -> Any:
        if not sight.reaches():
            return original(grads, trainable_variables, **more)
        gradients = list(grads)
        if trainable_variables is None:
            variables = list(optimizer._trainable_variables)
        else:
            variables = trainable_variables = list(trainable_variables)
        before = unconverted(observer.before_apply)(optimizer, variables)
        result = original(gradients, trainable_variables, **more)
        unconverted(observer.after_apply)(optimizer, variables, gradients, before)
        return result

    return signed_as(original, apply)
