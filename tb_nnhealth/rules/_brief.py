"""What rules read of a preflight's brief trainings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import records_of, value_of, values_of
from tb_nnhealth.rules._rule import NotJudged

MORE_DEVIATIONS = 1.0
"""A relation that is clearer by so many standard deviations after twice the steps is still being learnt."""

LOOKS = 4
"""Looks of which each shows a larger fall than the one before, while the loss has far to go."""

FOUND_DEVIATIONS = 3.0
"""And is one at all from so many on."""


@dataclass(frozen=True)
class BriefTraining:
    """One of them: the steps it took, and of each look, the first one before any step: after how many steps it was, the
    loss of the examples held out, by how many standard deviations of chance their answers go with their own targets
    better than with others', and how far these answers are apart, as a share of their size."""

    steps: float
    at: NDArray[np.float64]
    held_losses: NDArray[np.float64]
    deviations: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def best(self) -> float:
        """The lowest loss of the examples held out, NaN where none was measured."""
        return float(np.fmin.reduce(self.held_losses))

    def is_past_learning(self, small: float) -> bool:
        """Returns whether its last look shows no more than the latest after half of the steps or fewer: the held-out
        loss fell by no more than this, nor does it fall the faster the longer it is trained, nor is the relation
        clearer."""
        if not len(self.at) == len(self.held_losses) == len(self.deviations) or not (self.at <= self.at[-1] / 2).any():
            return False
        looks = [int(np.flatnonzero(self.at <= self.at[-1] / 2)[-1]), -1]
        losses, found = self.held_losses[looks], self.deviations[looks]
        if not np.isfinite([*losses, *found]).all():
            return False
        is_clearer = found[1] - found[0] > MORE_DEVIATIONS and found[1] > FOUND_DEVIATIONS
        return bool(losses[0] - losses[1] <= small and not is_clearer and not self._falls_ever_further())

    def _falls_ever_further(self) -> bool:
        """Returns whether the held-out loss fell between each of its last looks, each time further: so it goes while it
        has far to go, and by chance in 1 of 48."""
        falls = -np.diff(self.held_losses[-LOOKS:])
        return len(falls) == LOOKS - 1 and bool((falls > 0).all() and (np.diff(falls) > 0).all())


def brief_trainings(found: Probed, name: str = "trials") -> list[BriefTraining]:
    """Returns them, those of another form left out."""
    columns = ("at", "held_losses", "deviations", "spread")
    read = [
        BriefTraining(value_of(one, "steps"), *(values_of(one, column) for column in columns))
        for one in records_of(found, name)
    ]
    return [one for one in read if one.steps > 0 and len(one.held_losses) > 1]


def number_of(found: Probed, name: str) -> float:
    """Returns a number that a verdict needs.

    Raises:
      NotJudged: it was not measured.
    """
    value = value_of(found, name)
    if not np.isfinite(value):
        raise NotJudged(f"its {name.replace('_', ' ')} was not measured")
    return value
