"""The highest learning rate at which a model learns from its initial weights.

What a rate does late in a sweep is no measure of it: by then the batches may be memorized, and nothing can explode; or
the units are dead, and the loss stays where a constant answer has it. So a rate is tried from the beginning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HALF = 0.5
"""A rate is as good as another where the loss falls that far at it, of how far it falls at the other."""

CERTAIN = 3.0
"""A fall of that many standard errors is none of chance, and is worth the comparison with that at lower rates."""

LITTLE = 1e-3
"""A fall by less than this share of the loss is none worth a recommendation, however sure it is."""

STEP = 10.0
"""From a rate that is too high to the next one below it."""


@dataclass(frozen=True)
class Trial:
    """What training at one rate from the initial weights comes to.

    Args:
      rate: the learning rate.
      losses: the last loss of each batch, `[batches]`.
      exchanged: those of the same answers with other examples' targets, `[batches]`; None where there are no targets.
    """

    rate: float
    losses: Floats
    exchanged: Floats | None = None

    @property
    def loss(self) -> float:
        """The mean of the last losses; the largest float32 where one of them is no number."""
        return float(self.losses.mean()) if np.isfinite(self.losses).all() else float(np.finfo(np.float32).max)

    def fall(self, bound: Floats) -> float:
        """Returns how far the mean loss is below a bound `[batches]`; minus infinity where it is no number."""
        fall = float((bound - self.losses).mean())
        return fall if np.isfinite(fall) else -np.inf

    def learns(self, bound: Floats) -> bool:
        """Returns whether the loss comes below a bound `[batches]` by more than chance makes it, and more than a
        little."""
        falls = bound - self.losses
        error = float(falls.std(ddof=1)) / len(falls) ** 0.5 if np.isfinite(falls).all() and len(falls) > 1 else 0.0
        return self.fall(bound) > max(CERTAIN * error, LITTLE * abs(self.loss))


def bound_of(starts: Floats, trials: Sequence[Trial]) -> Floats:
    """Returns what the losses of batches have to come below for that anything is learnt, `[batches]`.

    That is the lowest of where they start, and of those of a trial's answers with other examples' targets: so low comes
    a model whose answers are all alike, at a rate that is high enough for it."""
    bounds = [starts, *(trial.exchanged for trial in trials if trial.exchanged is not None)]
    return min((each for each in bounds if np.isfinite(each).all()), key=np.mean, default=starts)


def highest(
    try_at: Callable[[float], Trial | None], starts: Floats, top: float, least: float, lowest: float
) -> tuple[Trial | None, Sequence[Trial]]:
    """Tries rates from the highest down, until one is good or lower ones are worse; then one above the good one.

    Args:
      try_at: makes the trial of a rate; None where no time is left.
      starts: the losses of batches at the initial weights, `[batches]`.
      top, least: the highest and the lowest rate.
      lowest: the loss that was seen to be reached: a rate at which it falls half as far needs no comparison.

    Returns:
      The trial of the highest rate at which the model learns at least half as well as at any other, None where it
      learns at none; and all trials.
    """
    trials, rate = list[Trial](), top
    while rate >= least and (trial := try_at(rate)) is not None:
        trials.append(trial)
        bound = bound_of(starts, trials)
        if trial.learns(bound) and trial.fall(bound) >= HALF * float(bound.mean() - lowest):
            break
        if any(each.learns(bound) and trial.fall(bound) < HALF * each.fall(bound) for each in trials):
            break
        rate /= STEP
    good = _highest_of(trials, starts)
    if good is not None and good.rate < top and (between := try_at(good.rate * STEP**0.5)) is not None:
        trials.append(between)
    return _highest_of(trials, starts), trials


def least_falling(trials: Sequence[Trial], starts: Floats) -> float:
    """Returns the lowest rate at which the loss falls half as far from its start as at any, even where no more is
    learnt than an answer that is always the same; NaN where it falls at none."""
    best = max((trial.fall(starts) for trial in trials if trial.learns(starts)), default=np.inf)
    return min((trial.rate for trial in trials if trial.fall(starts) >= HALF * best), default=float("nan"))


def _highest_of(trials: Sequence[Trial], starts: Floats) -> Trial | None:
    bound = bound_of(starts, trials)
    learning = [trial for trial in trials if trial.learns(bound)]
    best = max((trial.fall(bound) for trial in learning), default=np.inf)
    good = [trial for trial in learning if trial.fall(bound) >= HALF * best]
    return max(good, key=lambda trial: trial.rate, default=None)
