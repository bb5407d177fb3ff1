"""Which layers, losses and regularizers hold code that is not Keras' own, whose derivatives may be written by hand.

Those of Keras' quantized layers are.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import keras

from tb_nnhealth.instrument.layers import OPAQUE

LIBRARIES = ("keras", "tensorflow", "builtins", "numpy")


def own_layers(model: Any) -> list[Any]:
    """Returns the layers below the model that are of a class of somebody's own, hold a function of that kind, or are
    quantized."""
    return [layer for layer in model._flatten_layers(include_self=False) if _is_own_layer(layer)]


def own_losses(model: Any) -> list[tuple[str, Any]]:
    """Returns the compiled losses that are somebody's own, with their names; the model must have computed its loss."""
    entries = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or []
    found: dict[int, tuple[str, Any]] = {}
    for entry in entries:
        loss = entry.loss
        if loss is not None and (_is_foreign(type(loss)) or _is_foreign(getattr(loss, "fn", None))):
            found.setdefault(id(loss), (_name(getattr(loss, "fn", None) or loss), loss))
    return list(found.values())


def own_activity_regularizers(model: Any) -> list[tuple[Any, str, Any]]:
    """Returns the layers whose outputs are regularized by code of somebody's own, with its name and itself."""
    held = ((layer, getattr(layer, "activity_regularizer", None)) for layer in model._flatten_layers())
    return [(layer, _name(regularizer), regularizer) for layer, regularizer in held if _is_foreign(regularizer)]


def own_regularizers(model: Any) -> list[tuple[Any, str, Any]]:
    """Returns the trainable variables with a regularizer of somebody's own, with its name and itself."""
    held = [(variable, variable.regularizer) for variable in model.trainable_variables]
    return [(variable, _name(regularizer), regularizer) for variable, regularizer in held if _is_foreign(regularizer)]


def _name(thing: Any) -> str:
    return str(getattr(thing, "__name__", None) or type(thing).__name__)


def _is_own_layer(layer: Any) -> bool:
    if (
        _is_foreign(type(layer))
        or getattr(layer, "quantization_mode", None)
        or any(map(_is_foreign, _functions(layer)))
    ):
        return True
    held = layer._flatten_layers(include_self=False) if isinstance(layer, OPAQUE) else ()
    return any(map(_is_own_layer, held))


def _functions(layer: Any) -> Iterator[Any]:
    """Yields the functions that a layer was given: activation functions, that of a `Lambda`; not what it regularizes or
    constrains its variables with."""
    for name, value in vars(layer).items():
        is_held = callable(value) and not isinstance(value, keras.layers.Layer) and not name.startswith("_")
        is_held = is_held and not name.endswith(("_regularizer", "_constraint"))
        if is_held and not isinstance(value, (keras.Variable, keras.initializers.Initializer)):
            yield value


def _is_foreign(thing: Any) -> bool:
    """Returns whether a class, a function or an object that is called comes from neither Keras nor TensorFlow."""
    if thing is None:
        return False
    named = thing if inspect.isclass(thing) or inspect.isroutine(thing) else type(thing)
    return str(getattr(named, "__module__", "builtins") or "builtins").partition(".")[0] not in LIBRARIES
