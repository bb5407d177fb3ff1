"""What is read where, inside the one real training step.

While a step function is traced (or run eagerly), `attached` puts wrappers on the leaf layers' `call`,
on the loss computation and on the optimizers' `apply`, and takes them off again: between traces the
model is as its owner made it. What the wrappers see is handed to an observer; how they hand the
values on changes no bit of them.
"""

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

import keras
import tensorflow as tf
from keras.src.backend.common.stateless_scope import in_stateless_scope

from tb_nnhealth.instrument.layers import Site, is_fused


class Observer(Protocol):
    """What is told of a training step while it is traced."""

    def begin_trace(self) -> None:
        """The step begins."""

    def end_trace(self, data_batch: Any, logs: Any) -> None:
        """The step has ended, with the batch it was given and the logs it returns."""

    def on_output(self, row: str, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> tf.Tensor:
        """A leaf layer's inputs and its output; what is returned takes the output's place (with the same value)."""

    def on_fused(self, site: Site, inputs: Sequence[Any], output: tf.Tensor) -> None:
        """The inputs and the output of a layer that must not be measured, for TensorFlow fuses it with the next."""

    def on_batch(self, x: Any, y: Any, y_pred: Any, loss: Any) -> None:
        """The batch with its predictions, and the total loss."""

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


@contextlib.contextmanager
def attached(model: Any, find_sites: Callable[[], Sequence[Site]], observer: Observer) -> Iterator[None]:
    """Has the observer told of everything that the model does within the block.

    Keras gives a layer its path when it is built, which may be within the block: then the sites are looked for anew.
    """
    with contextlib.ExitStack() as stack:
        calls: Counter[str] = Counter()
        found = find_sites()
        known = {id(site.layer): (site.layer.path, site.path) for site in found}

        def path(site: Site) -> str:
            if known[id(site.layer)][0] != site.layer.path:
                known.update({id(s.layer): (s.layer.path, s.path) for s in find_sites()})
            return known[id(site.layer)][1]

        for site in found:
            if site.is_leaf:
                stack.enter_context(replaced(site.layer, "call", _call(site, path, calls, observer)))
        for optimizer in _optimizers(model):
            stack.enter_context(replaced(optimizer, "apply", _apply(optimizer, observer)))
        stack.enter_context(replaced(model, "compute_loss", _compute_loss(model, observer)))
        compile_loss = getattr(model, "_compile_loss", None)
        if compile_loss is not None:
            stack.enter_context(replaced(compile_loss, "call", _data_loss(compile_loss, observer)))
        yield


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


def _optimizers(model: Any) -> list[Any]:
    """The model's optimizer, and those that a custom `train_step` keeps beside it."""
    found = [model.optimizer, *vars(model).values()]
    unique = {id(o): o for o in found if isinstance(o, keras.optimizers.Optimizer)}
    return list(unique.values())


def _call(site: Site, path: Callable[[Site], str], calls: Counter[str], observer: Observer) -> Callable[..., Any]:
    original = site.layer.call

    def call(*args: Any, **kwargs: Any) -> Any:
        outputs = original(*args, **kwargs)
        asks_for_shapes = in_stateless_scope()  # Keras does, to build the layer.
        if asks_for_shapes:
            return outputs
        leaves, inputs = keras.tree.flatten(outputs), keras.tree.flatten((args, kwargs))
        index = next((i for i, leaf in enumerate(leaves) if _is_measurable(leaf)), None)
        if index is None:
            return outputs
        name = path(site)
        if is_fused(site.layer):
            observer.on_fused(replace(site, path=name), inputs, leaves[index])
            return outputs
        calls[name] += 1
        row = name if calls[name] == 1 else f"{name}#{calls[name]}"
        replacement = observer.on_output(row, replace(site, path=name), inputs, leaves[index])
        if replacement is leaves[index]:
            return outputs
        leaves[index] = replacement
        return keras.tree.pack_sequence_as(outputs, leaves)

    return call


def _is_measurable(value: Any) -> bool:
    return tf.is_tensor(value) and isinstance(value, tf.Tensor) and value.dtype.is_floating and value.shape.rank


def _compute_loss(model: Any, observer: Observer) -> Callable[..., Any]:
    original = model.compute_loss
    signature = inspect.signature(original)
    is_of_keras_form = {"x", "y", "y_pred"} <= set(signature.parameters)  # Else the step's end shows what it can.

    def compute_loss(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments if is_of_keras_form else {}
        x, y, y_pred = given.get("x"), given.get("y"), given.get("y_pred")
        try:
            loss = original(*args, **kwargs)
        except Exception:
            observer.on_failed_loss(x, y, y_pred)
            raise
        if is_of_keras_form:
            observer.on_batch(x, y, y_pred, loss)
        return loss

    return compute_loss


def _data_loss(compile_loss: Any, observer: Observer) -> Callable[..., Any]:
    original = compile_loss.call

    def call(*args: Any, **kwargs: Any) -> Any:
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


def _apply(optimizer: Any, observer: Observer) -> Callable[..., Any]:
    original = optimizer.apply

    def apply(grads: Any, trainable_variables: Any = None) -> Any:
        gradients = list(grads)
        if trainable_variables is None:
            variables = list(optimizer._trainable_variables)
        else:
            variables = trainable_variables = list(trainable_variables)
        before = observer.before_apply(optimizer, variables)
        result = original(gradients, trainable_variables)
        observer.after_apply(optimizer, variables, gradients, before)
        return result

    return apply
