"""What an epoch ended with."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ModeLosses:
    """The loss of one batch in training and in inference mode of the model, with the same weights.

    Without regularizers and `add_loss`; NaN where it is not finite.
    """

    training: float
    inference: float


@dataclass(frozen=True)
class Epoch:
    """An epoch's end: its number, the step after its last one, Keras' logs (with `val_` ones), and the loss in both
    of the model's modes where it was measured."""

    epoch: int
    step: int
    logs: Mapping[str, float | None]
    modes: ModeLosses | None = None
