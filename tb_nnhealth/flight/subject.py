"""What a probe is given: the model, and examples of its data."""

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.training.objective import Objective
from tb_nnhealth.flight.training.trainer import Trainer
from tb_nnhealth.instrument.gallery import Vocabularies


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

    def objective(self, quiet: bool = False, in_inference: bool = False) -> Objective:
        """Returns the loss of the model and its gradient, compiled once for all probes."""
        key = (quiet, in_inference)
        if key not in self._objectives:
            self._objectives[key] = Objective(self.model, quiet, in_inference)
        return self._objectives[key]

    def trainer(self, optimizer: Literal["adam", "own"] = "adam", quiet: bool = False) -> Trainer:
        """Returns what trains the model for a few steps, the same for all probes; `reset` it first.

        Raises:
          NotMeasured: the model cannot be trained so.
        """
        key = (optimizer, quiet)
        if key not in self._trainers:
            self._trainers[key] = Trainer(self, optimizer, quiet)
        return self._trainers[key]

    @cached_property
    def _objectives(self) -> dict[tuple[bool, bool], Objective]:
        return {}

    @cached_property
    def _trainers(self) -> dict[tuple[str, bool], Trainer]:
        return {}
