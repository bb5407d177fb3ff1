"""What stands against fitting a few examples, turned off while a step is traced: noise, and what holds weights back."""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras

from tb_nnhealth.instrument.taps import replaced

MOMENTUM = 0.9
"""The largest momentum that moving statistics keep, so that they follow a training of few steps: after 50 of them,
0.5 % are left of what they began with."""


@contextlib.contextmanager
def following(model: Any) -> Iterator[None]:
    """Lets the moving statistics of batch normalizations follow a short training within the block."""
    with contextlib.ExitStack() as stack:
        for layer in _batch_normalizations(model):
            stack.enter_context(replaced(layer, "momentum", min(layer.momentum, MOMENTUM)))
        yield


@contextlib.contextmanager
def silenced(model: Any) -> Iterator[None]:
    """Turns off what Keras' own layers do at random in training, within the block: dropout of any kind, also that of
    recurrent layers and of attention, noise, and augmentation. Batch normalizations stay as they are."""
    with contextlib.ExitStack() as stack:
        for layer in model._flatten_layers():
            if _is_random(layer):
                stack.enter_context(replaced(layer, "call", _called_with(layer, training=False)))
        yield


@contextlib.contextmanager
def normalizing(model: Any) -> Iterator[None]:
    """Has batch normalizations take the statistics of the batch within the block, also in inference mode."""
    with contextlib.ExitStack() as stack:
        for layer in _batch_normalizations(model):
            stack.enter_context(replaced(layer, "call", _called_with(layer, training=True)))
        yield


@contextlib.contextmanager
def unrestrained(model: Any) -> Iterator[None]:
    """Takes regularizers and constraints off the model's variables and layers within the block."""
    with contextlib.ExitStack() as stack:
        for variable in model.trainable_variables:
            stack.callback(_restrain, variable, variable.regularizer, variable.constraint)
            _restrain(variable, None, None)
        for layer in model._flatten_layers():
            stack.enter_context(replaced(layer, "activity_regularizer", None))
        yield


def _restrain(variable: Any, regularizer: Any, constraint: Any) -> None:
    variable.regularizer, variable.constraint = regularizer, constraint


def _batch_normalizations(model: Any) -> Iterator[Any]:
    return (layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization))


def _is_random(layer: Any) -> bool:
    """Returns whether a layer is one of Keras' own that in training draws random numbers, and does nothing else."""
    if not type(layer).__module__.startswith("keras.") or not layer._call_has_training_arg:
        return False
    if isinstance(layer, keras.layers.RNN):
        is_keras = all(type(part).__module__.startswith("keras.") for part in layer._flatten_layers())
        return is_keras and not any(_batch_normalizations(layer))
    return bool(layer._seed_generators)


def _called_with(layer: Any, training: bool) -> Callable[..., Any]:
    """Returns the layer's `call`, for which `training` is always this."""
    call, signature = layer.call, inspect.signature(layer.call)

    def called(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind_partial(*args, **kwargs)
        bound.arguments["training"] = training
        return call(*bound.args, **bound.kwargs)

    return called
