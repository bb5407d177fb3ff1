"""A model's forward pass as Keras' own steps take it."""

from typing import Any


def forward(model: Any, x: Any, training: bool) -> Any:
    """Returns what a model answers to a batch in training or inference mode, as `fit` and `predict` call it.

    They name the mode only to a model whose `call` has a `training` argument. One that has none is not to be told it
    either: newer Keras would hand it on to its layers, and turn on a dropout that is off in every `fit`.
    """
    return model(x, training=training) if model._call_has_training_arg else model(x)
