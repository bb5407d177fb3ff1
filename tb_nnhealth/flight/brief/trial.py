"""What a brief training was like: its losses, and how the examples held out were answered at its looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.brief.relation import Relation

Floats = NDArray[np.float64]

LOOKS = (15, 30, 60, 120, 240, 480)
"""The steps after which the other examples are looked at."""

RATES = (1e-3, 1e-2)
"""Adam's learning rates, one after the other where the first shows nothing."""

LOW_RATE = 1e-4
"""That of the second training where the first explodes."""

TESTS = len(LOOKS) * len(RATES)
"""As many chances a relation has to be seen: each p-value counts as many times (Bonferroni)."""

MOST_POINTS = 60
"""So many points a training's curve is told in."""

CLEAR = 1e-3
"""A relation of this p-value, and of `CLEAR_DEVIATIONS`, is not looked for any longer."""

CLEAR_DEVIATIONS = 6.0


@dataclass(frozen=True)
class Look:
    """How the held-out examples are answered after some steps: their losses `[held]`, the relation to their targets,
    and how far the answers of different examples are apart, as a share of their size."""

    step: int
    losses: Floats
    relation: Relation
    spread: float

    @property
    def is_clear(self) -> bool:
        return self.relation.p <= CLEAR and self.relation.z >= CLEAR_DEVIATIONS


@dataclass(frozen=True)
class Trial:
    """A training: the losses of its steps before their updates, and its looks, the first one before any step.

    `uses` are the inputs' names with how far the answers move when this input alone is that of other examples, as a
    share of their size; None for an input that is the same in all examples. Of real data only.
    """

    rate: float
    losses: Floats
    looks: tuple[Look, ...]
    uses: tuple[tuple[str, float | None], ...]
    seconds: float
    is_cut: bool
    """Whether its `seconds` were too few for all steps."""

    @property
    def last(self) -> Look:
        return self.looks[-1]

    @property
    def p(self) -> float:
        """The p-value of the clearest look, times the looks that there may be."""
        return min(1.0, TESTS * min((look.relation.p for look in self.looks[1:]), default=1.0))

    @property
    def is_clear(self) -> bool:
        return any(look.is_clear for look in self.looks[1:])


def trials_told(trials: Sequence[Trial]) -> dict[str, Any]:
    """Returns trainings as plain data: each with its looks, and the p-value of them all."""
    return {
        "p": min(1.0, *(trial.p for trial in trials)),
        "trials": [
            {
                "rate": trial.rate,
                "steps": trial.last.step,
                "is_finite": bool(np.isfinite(trial.losses).all()),
                "at": [look.step for look in trial.looks],
                "held_losses": [float(look.losses.mean()) for look in trial.looks],
                "deviations": [look.relation.z for look in trial.looks],
                "spread": [look.spread for look in trial.looks],
                "losses": _thinned(trial.losses),
            }
            for trial in trials
        ],
    }


def _thinned(losses: Floats) -> list[float]:
    """Returns the means of so many stretches of a training's losses, or all of them where they are few."""
    return [float(part.mean()) for part in np.array_split(losses, MOST_POINTS) if len(part)]
