"""What is recorded of a model on one batch: its weights, outputs, losses and gradients, by name."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Stage = Literal["weights", "output", "prediction", "state", "loss", "into", "of"]
"""What a value is: "state" is what a layer has assigned to a weight by the end of the forward pass, "into" the gradient
of the loss into a layer's output or a prediction, "of" that of a weight."""

Key: TypeAlias = tuple[Stage, str]
Spread: TypeAlias = Mapping[Key, Array]
"""How far each element of a value moves by float error."""

PREDICTION = "prediction"
PRE_ACTIVATION = "[pre-activation]"
RANDOM = ("Dropout", "Noise")
"""Words in the classes of layers that are no activations."""


@dataclass(frozen=True)
class Record:
    """The values of a model in the order in which they are computed, floats in host memory.

    `owners`: the layer of each weight. `kinds`: the class of each layer, where it is known. `dtypes`: what is computed
    in. `is_whole`: no weight is left out. `passed_on`: the outputs that are, as they are, an input of a layer, or a
    prediction.
    """

    values: Mapping[Key, Array]
    owners: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    dtypes: frozenset[str] = frozenset()
    is_whole: bool = False
    passed_on: frozenset[str] = frozenset()

    def names(self, *stages: Stage) -> list[str]:
        """Returns the names of what is recorded of these stages, each once."""
        return list(dict.fromkeys(name for stage, name in self.values if stage in stages))

    def layers(self) -> list[str]:
        """Returns the names of the layers' calls of which the output, or the gradient into it, is recorded."""
        return [name for name in self.names("output", "into") if not is_prediction(name)]

    def weights(self) -> list[str]:
        """Returns the names of the weights of which the value or the gradient is recorded, layer after layer."""
        names = self.names("weights", "of")
        order = {owner: index for index, owner in reversed(list(enumerate(map(layer_of, self.layers()))))}
        return sorted(names, key=lambda name: order.get(self.owners.get(name, ""), len(order)))

    def weights_of(self, call: str) -> list[str]:
        """Returns the names of the weights of the layer that is called."""
        return [name for name in self.names("weights", "of") if self.owners.get(name) == layer_of(call)]

    def weights_behind(self, call: str) -> list[str]:
        """Returns the weights of the layer that is called, of an activation or the like those of the layer before it.

        That is the last layer with weights, if nothing since has changed the shape of its output.
        """
        calls = self.layers()
        shape = self.shape(call, "output", "into")
        for name in reversed(calls[: calls.index(call) + 1]):
            is_random = any(word in self.kinds.get(layer_of(name), "") for word in RANDOM)
            if is_random or self.shape(name, "output", "into") != shape:
                return []
            own = self.weights_of(name)
            if own:
                return own
        return []

    def positions(self, weight: str) -> int:
        """Returns over how many positions the gradient of a weight is summed: those of what its layer gives."""
        found: dict[str, int] = Counter()
        for call in self.layers():
            found[layer_of(call)] += math.prod((self.shape(call, "output", "into") or ())[:-1])
        return found.get(self.owners.get(weight, "")) or max(found.values(), default=1)

    def is_plain_sum(self, weight: str) -> bool:
        """Returns whether the gradient of a weight is one of what flows in, as of a bias, and none of products.

        A layer's kernels are its weights with the most axes, from two on; of these it is one of products.
        """
        own = [name for name in self.weights() if self.owners.get(name) == self.owners.get(weight)]
        axes = {name: len(self.shape(name, "weights", "of") or ()) for name in own}
        return axes[weight] < max(2, *axes.values())

    def shape(self, name: str, *stages: Stage) -> tuple[int, ...] | None:
        """Returns the shape of a value, or of its gradient, whichever is recorded."""
        found = (self.values[stage, name].shape for stage in stages if (stage, name) in self.values)
        return next(found, None)


def layer_of(call: str) -> str:
    """Returns the layer's name of one of its calls, or of one of its outputs."""
    return call.partition("#")[0].partition("[")[0]


def pre_activation(call: str) -> str:
    """Returns the name of what a call's activation is given, in a layer that has one of its own."""
    return call + PRE_ACTIVATION


def active(name: str) -> str | None:
    """Returns the call whose activation is given what has this name, None where it is a layer's output."""
    return name.removesuffix(PRE_ACTIVATION) if name.endswith(PRE_ACTIVATION) else None


def is_prediction(name: str) -> bool:
    return name == PREDICTION or name.startswith(f"{PREDICTION}/")


def as_floats(value: Any) -> Array:
    """Returns a value as NumPy computes with it: float64 where it is that, else float32."""
    array = np.asarray(value)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)
