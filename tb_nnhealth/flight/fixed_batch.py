"""The one size of batches that some models are made for, as those that keep a state for each example."""

from typing import Any

import keras


def fixed_batch(model: Any) -> int | None:
    """Returns how many examples a batch has by what the model says of its inputs; None where it takes any number."""
    if _is_of_first_batch(model):
        return None
    shapes = [tensor.shape for tensor in getattr(model, "inputs", None) or ()]
    return next((int(shape[0]) for shape in shapes if shape and shape[0] is not None), None)


def is_stateful(model: Any) -> bool:
    """Returns whether a layer keeps a state for each example of a batch, from one batch to the next."""
    return any(getattr(layer, "stateful", False) is True for layer in model._flatten_layers())


def _is_of_first_batch(model: Any) -> bool:
    """Returns whether the inputs may be those of the first batch that came, which Keras gives layers in a row without
    an `Input`, as a `batch_shape`. They take any number all the same, unless one keeps a state for each example."""
    if not isinstance(model, keras.Sequential) or is_stateful(model):
        return False
    given = [layer for layer in model._flatten_layers(recursive=False) if isinstance(layer, keras.layers.InputLayer)]
    arguments = [getattr(getattr(layer, "_auto_config", None), "config", {}) for layer in given]
    return any(told.get("batch_shape") is not None for told in arguments)
