"""Kinds of batches: with other parts a step goes another way, through other variables and into another graph."""

import math
from dataclasses import dataclass
from typing import Any

from tb_nnhealth.instrument.definition import Unreadable
from tb_nnhealth.instrument.state import State

LATER, MOST_PROOFS = 4, 6
"""Steps after which a proof is made again, and how often it is made at most. A first one shows least: biases are zero,
and so may be a warm-up's learning rate. One in which no weight moves, for gradients are accumulated or the loss scale
was too large, does not count."""


@dataclass
class Kind:
    """What is known of the step on batches of one kind.

    Attributes:
      spec: the batches' parts with their shapes and dtypes.
      state: what the step takes or changes.
      unreadable: what must not be read in it.
      is_proven: whether the step functions train as the model's own does, as far as that can be proven.
      prove_again_at: the step from which on it is to be proven once more.
    """

    spec: Any
    state: State
    unreadable: Unreadable
    is_proven: bool
    prove_again_at: float = math.inf
    _proofs: int = 0
    _telling: int = 0

    def wants_proof(self, step: int) -> bool:
        return not self.is_proven or step >= self.prove_again_at

    def note_proof(self, step: int, has_moved: bool) -> None:
        """Notes that a proof made at a step holds; `has_moved`: a weight changed in it."""
        self._proofs += 1
        self._telling += has_moved
        is_enough = self._telling == 2 or self._proofs == MOST_PROOFS
        self.prove_again_at = math.inf if is_enough else step + (LATER if has_moved else 1)
        self.is_proven = True

    def note_failure(self, is_settled: bool) -> None:
        """Notes that one does not hold or could not be made; `is_settled`: there is nothing left to prove."""
        self.prove_again_at, self.is_proven = math.inf, is_settled
        self._proofs = self._telling = 0
