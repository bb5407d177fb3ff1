"""What a probe is given: the model, and examples of its data."""

import gc
import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.instrument.gallery import Vocabularies

Made = TypeVar("Made")


@dataclass(frozen=True)
class Subject:
    """A built model with examples of its training data and, where they were given, of its validation data.

    A probe may change the model's variables and its optimizer: the flight brings them back. `vocabulary` is what ids
    stand for, None where only the model knows.
    """

    model: Any
    training: Sample
    validation: Sample | None = None
    seed: int = 0
    vocabulary: Vocabularies | None = None

    def random(self, name: str) -> np.random.Generator:
        """Returns a random generator of a probe's own, the same for the same seed and name."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    @property
    def is_compiled(self) -> bool:
        """Returns whether the model has a loss and an optimizer that Keras would train it with."""
        return bool(self.model.compiled) and self.model.optimizer is not None

    def shared(self, make: Callable[..., Made], **arguments: Hashable) -> Made:
        """Returns `make(self, **arguments)`, made once for all probes: what it compiles is compiled once."""
        key = (make, *sorted(arguments.items()))
        if key not in self._made:
            self._made[key] = make(self, **arguments)
        found: Made = self._made[key]
        return found

    def forget(self, make: Callable[..., Any]) -> None:
        """Has what `make` made be made anew when it is shared next: till then its memory is free."""
        for key in [key for key in self._made if key[0] is make]:
            del self._made[key]
        gc.collect()  # Compiled functions and what they hold hold each other.

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}
