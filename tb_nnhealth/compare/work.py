"""What a model is run on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from tb_nnhealth.compare.record import Array


@dataclass(frozen=True)
class Work:
    """What a model is run on: a batch, the mode, the model whose loss is taken (None: no loss), and given weights."""

    x: Any
    y: Any = None
    sample_weight: Any = None
    training: bool = False
    loss_from: Any = None
    weights: Mapping[str, Array] | None = None

    @property
    def examples(self) -> int:
        """How many examples the batch has."""
        return int(keras.tree.flatten(self.x)[0].shape[0])
