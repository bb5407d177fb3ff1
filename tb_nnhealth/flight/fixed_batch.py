"""The one size of batches that some models are made for, as those that keep a state for each example."""

from typing import Any


def fixed_batch(model: Any) -> int | None:
    """Returns how many examples a batch has by what the model says of its inputs; None where it takes any number."""
    shapes = [tensor.shape for tensor in getattr(model, "inputs", None) or ()]
    return next((int(shape[0]) for shape in shapes if shape and shape[0] is not None), None)


def is_stateful(model: Any) -> bool:
    """Returns whether a layer keeps a state for each example of a batch, from one batch to the next."""
    return any(getattr(layer, "stateful", False) is True for layer in model._flatten_layers())
