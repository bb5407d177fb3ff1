"""The highest learning rate at which a model learns from its initial weights.

What a rate does late in a sweep is no measure of it: by then the batches may be memorized, and nothing can explode; or
the units are dead, and the loss stays where a constant answer has it. So a rate is tried from the beginning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.training.explosion import SLACK

Floats = NDArray[np.float64]

HALF = 0.5
"""A rate is as good as another where the loss falls that far at it, of how far it falls at the other."""

CERTAIN = 3.0
"""A fall of that many standard errors is none of chance, and is worth the comparison with that at lower rates."""

STEP = 10**0.5
"""From a rate that is too high to the next one below it."""


@dataclass(frozen=True)
class Trial:
    """What training at one rate from the initial weights comes to.

    Args:
      rate: the learning rate.
      losses: the last loss of each batch, `[batches]`.
      bound: what each had to come below, `[batches]`; see `bound_of`.
    """

    rate: float
    losses: Floats
    bound: Floats

    @property
    def loss(self) -> float:
        """The mean of the last losses; the largest float32 where one of them is no number."""
        return float(self.losses.mean()) if np.isfinite(self.losses).all() else float(np.finfo(np.float32).max)

    @property
    def fall(self) -> float:
        """How far the mean loss is below its bound; minus infinity where it is no number."""
        fall = float((self.bound - self.losses).mean())
        return fall if np.isfinite(fall) else -np.inf

    @property
    def learns(self) -> bool:
        """Whether the loss comes below its bound by more than chance, and rounding, make it."""
        falls = self.bound - self.losses
        error = float(falls.std(ddof=1)) / len(falls) ** 0.5 if np.isfinite(falls).all() and len(falls) > 1 else 0.0
        return self.fall > max(CERTAIN * error, SLACK * abs(self.loss))

    def comes_near(self, lowest: float) -> bool:
        """Returns whether the loss falls half the way to another one."""
        return self.fall >= HALF * (self.fall + self.loss - lowest)


def bound_of(starts: Floats, others: Floats) -> Floats:
    """Returns what the losses of batches have to come below for that anything is learnt, `[batches]`: where they start,
    and those of the same answers with other examples' targets. A model whose answers are all alike is not below."""
    return others if others.mean() < starts.mean() else starts


def highest(
    try_at: Callable[[float], Trial | None], top: float, least: float, lowest: float
) -> tuple[Trial | None, Sequence[Trial]]:
    """Tries rates from the highest down, until one is good or lower ones are worse.

    Args:
      try_at: makes the trial of a rate; None where no time is left.
      top, least: the highest and the lowest rate.
      lowest: the loss that was seen to be reached: a rate at which it falls half as far from the start needs no
        comparison.

    Returns:
      The trial of the highest rate at which the model learns at least half as well as at any other, None where it
      learns at none; and all trials, from the highest rate down.
    """
    trials, rate = list[Trial](), top
    while rate >= least and (trial := try_at(rate)) is not None:
        trials.append(trial)
        if trial.learns and trial.comes_near(lowest):
            break
        if any(each.learns and trial.fall < HALF * each.fall for each in trials):
            break
        rate /= STEP
    best = max((trial.fall for trial in trials if trial.learns), default=np.inf)
    return next((trial for trial in trials if trial.learns and trial.fall >= HALF * best), None), trials
