"""Raises the learning rate from step to step until the loss explodes (Smith 2017, arXiv:1506.01186, 3.3).

A fresh copy of the model's own optimizer trains it on its batches, as in training. Of an optimizer made of several the
rates keep their proportion. A rate is recommended where the model learns at it from its initial weights, and it is
trained at its own so, too: a rate that is reached in few steps may do harm there, and none after a steady start."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import Clock, NotMeasured
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.copied import own_rates, parts_of
from tb_nnhealth.flight.training.explosion import (
    CYCLE,
    explosion_of,
    has_exploded,
    learns,
    levelled,
    smoothed,
    start_of,
)
from tb_nnhealth.flight.training.rate_trials import Trial, bound_of, highest, least_falling
from tb_nnhealth.flight.training.shuffled import shuffled
from tb_nnhealth.flight.training.trainer import Trainer
from tb_nnhealth.numbers import number

SHARE = 1.5

Ranged = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The rates, and the loss before the step at each."""

FIRST, LAST = 1e-7, 10.0
"""The rates, those of fast.ai's learning rate finder, whatever the model's own is."""

BELOW = 10.0
"""No rate is recommended that is less than an order of magnitude below the explosion, or below the last one."""

STEPS, LEAST_STEPS = 100, 40
"""A dozen steps for each factor of ten, five at least."""

MORE = 8
"""Where the loss falls at none of the rates, so many times as many steps are taken, or as many as the time allows."""

TWICE = 2.0
"""Less than twice as many are not worth it."""

LEAST_BATCH = 8
"""Smaller batches are of no use."""

RANGED = 0.6
"""The share of the time in which the rate is raised; the rest is for trials of single rates."""

SLACK = 1e-9

TRIED_STEPS, TRIALS = 3 * CYCLE, 2
"""The steps of a trial, and the time for so many of them is left at least."""

ROUNDED = 1e-6
"""A loss that other targets change by no more than this share does not look at them."""

LONGER = 4
"""Where nothing is learnt in a trial's steps at any rate, each is tried in so many times as many."""


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns the losses at each rate, where they explode, and up to what rate to try.

    Raises:
      NotMeasured: the model cannot be trained, its optimizer has no rate or one that must not change, there is one
        example only, or the time is too short.
    """
    are_finite = subject.training.are_finite
    if subject.training.examples < 2:
        raise NotMeasured("one example tells nothing of the learning rate")
    if are_finite.sum() < 2:
        raise NotMeasured("all examples but one at most hold NaN or infinity")
    subject.forget(Trainer)  # The slots of the one that others share are as large as the weights, or twice that.
    trainer = Trainer(subject, "own")
    if any(isinstance(part, keras.optimizers.Ftrl) for part in parts_of(subject.model.optimizer)):
        raise NotMeasured(
            "Ftrl makes the weights anew from sums that hold for one learning rate, which cannot be raised"
        )
    random = subject.random("learning-rate-range")
    finite = subject.training if are_finite.all() else subject.training.take(are_finite)
    data = _fitting(trainer, finite, random, clock)
    batches = _batches(data, random)
    groups = trainer.rates
    own = [groups[0][1]] if _is_of_several(subject.model.optimizer) else own_rates(subject.model.optimizer)
    ends = _ends(groups)
    rates, losses = _learnt(trainer, batches, ends, clock)
    starts = losses[:CYCLE]
    if not np.isfinite(starts).all():
        raise NotMeasured("the loss is not finite from the first steps on")
    explosion = explosion_of(rates, losses)
    tries = _Tries(trainer, batches, clock)
    good, trials = _recommended(tries, (rates, losses), explosion)
    suggestion = good.rate if good else np.nan
    failed = min((trial.rate for trial in trials if good and trial.rate > good.rate), default=np.inf)
    tried = tries.at(max(own)) if np.isfinite(explosion) or max(own) > suggestion else None
    bound = bound_of(starts, [*trials, *([tried] if tried else [])])
    start, noise = start_of(losses)
    rates_told = {
        "explosion": explosion,
        "suggestion": suggestion,
        "failed": failed,
        "falling": np.nan if good else least_falling(trials, starts),
    }
    return {
        "rates": rates,
        "losses": losses,
        "smoothed": smoothed(losses),
        "start": start,
        "noise": noise,
        **rates_told,
        "fall": good.fall(bound) if good else np.nan,
        "own": own,
        "own_loss": tried.loss if tried else np.nan,
        "own_fall": tried.fall(bound) if tried else np.nan,
        "groups": _groups(groups, **rates_told),
        "batch_size": data.batch_size,
        "nonfinite": int((~are_finite).sum()),
        "read": len(are_finite),
    }


def _is_of_several(optimizer: Any) -> bool:
    return isinstance(optimizer, keras.optimizers.MultiOptimizer)


def _ends(groups: Sequence[tuple[str, float]]) -> tuple[float, float]:
    """Returns the first and the last rate, of several such that each comes from `FIRST` to `LAST`."""
    own = [rate for _, rate in groups]
    times = [rate / own[0] for rate in own if rate > 0 and own[0] > 0] or [1.0]
    return FIRST / max(times), LAST / min(times)


def _batches(data: Sample, random: np.random.Generator) -> list[Sample]:
    """Returns the few batches that come again and again: `learns` compares each with itself."""
    order = shuffled(data.examples, min(data.batch_size, data.examples), random)
    return [data.take(chosen) for chosen in islice(order, CYCLE)]


class _Tries:
    """Tries single rates from the initial weights, each in as many steps as the others.

    Args:
      trainer: trains the model with its own optimizer.
      batches: those that come again and again.
      clock: the time that is left.
    """

    def __init__(self, trainer: Trainer, batches: Sequence[Sample], clock: Clock) -> None:
        self.clock = clock
        self.steps = TRIED_STEPS
        self._trainer = trainer
        self._batches = batches
        others = [*batches[1:], batches[0]]
        self._exchanged = [_exchanged(*pair) for pair in zip(batches, others, strict=True)]
        self._is_of_targets = self._looks_at_targets()

    def at(self, rate: float) -> Trial | None:
        """Returns what training at a rate comes to; None where the time is over before."""
        losses = self._losses(rate, islice(cycle(self._batches), self.steps))
        if not self._is_of_targets:
            return Trial(rate, losses[-CYCLE:]) if len(losses) == self.steps else None
        self._trainer.set_rate(0.0)
        exchanged = self._trainer.train(self._exchanged, self.clock)
        return Trial(rate, losses[-CYCLE:], exchanged) if len(exchanged) == CYCLE else None

    def _losses(self, rate: float, batches: Iterable[Sample]) -> NDArray[np.float64]:
        self._trainer.reset()
        self._trainer.set_rate(rate)
        return self._trainer.train(batches, self.clock)

    def _looks_at_targets(self) -> bool:
        """Returns whether other targets make another loss: there may be none, or such as stand for none."""
        pairs = zip(self._batches, self._exchanged, strict=True)
        pair = next((pair for pair in pairs if not _are_same(pair[0].y, pair[1].y)), None)
        if pair is None:
            return False
        losses = self._losses(0.0, pair)
        return len(losses) < 2 or not np.isclose(losses[0], losses[1], rtol=ROUNDED, atol=0.0)


def _recommended(tries: _Tries, found: Ranged, explosion: float) -> tuple[Trial | None, Sequence[Trial]]:
    """Returns the trial of the rate to recommend, None where nothing is learnt, and all that were made.

    Raises:
      NotMeasured: the time was over before a rate was found.
    """
    rates, losses = found
    if not learns(losses):
        return None, []
    level = smoothed(levelled(losses))
    least = int(np.nanargmin(level))
    top = min(
        explosion / BELOW, rates[-1] / BELOW, rates[least]
    )  # Beyond the least loss the model loses what it learnt.
    good, trials = highest(tries.at, losses[:CYCLE], top, rates[0], level[least])
    if good is None:
        tries.steps *= LONGER
        good, trials = highest(tries.at, losses[:CYCLE], top, rates[0], level[least])
    if good is None and not tries.clock.left():
        raise NotMeasured(
            "its share of the budget was over before a learning rate was found at which the model learns from its "
            "initial weights: give preflight more with budget="
        )
    return good, trials


def _exchanged(batch: Sample, other: Sample) -> Sample:
    """Returns a batch with the targets of another."""
    return replace(batch, y=other.y, weights=other.weights)


def _are_same(one: Any, other: Any) -> bool:
    return all(map(np.array_equal, keras.tree.flatten(one), keras.tree.flatten(other)))


def _fitting(trainer: Trainer, data: Sample, random: np.random.Generator, clock: Clock) -> Sample:
    """Returns the data in smaller batches where steps on whole ones would take too long; the first one compiles."""
    first, second = _batches(data, random)[:2]
    trainer.set_rate(0.0)
    trainer.train([first], clock)
    before = clock.spent()
    trainer.train([second], clock)
    seconds = clock.spent() - before
    size = min(data.batch_size, data.examples)
    share = clock.left() / max(seconds * (LEAST_STEPS + TRIALS * (TRIED_STEPS + CYCLE)), 1e-9)
    return replace(data, batch_size=size if share >= 1 else max(min(size, LEAST_BATCH), int(share * size)))


def _learnt(trainer: Trainer, batches: Sequence[Sample], ends: tuple[float, float], clock: Clock) -> Ranged:
    """Returns what `_raised` does, of more steps where the loss falls at no rate and the time allows it.

    Raises:
      NotMeasured: the time was over before the loss could explode.
    """
    began = clock.spent()
    found = _raised(trainer, batches, ends, STEPS, clock)
    times = RANGED * clock.left() / max(clock.spent() - began, 1e-9)
    if times < TWICE or not np.isfinite(found[1][0]) or learns(found[1]):
        return found
    return _raised(trainer, batches, ends, round(min(times, MORE) * STEPS), clock)


def _raised(trainer: Trainer, batches: Sequence[Sample], ends: tuple[float, float], most: int, clock: Clock) -> Ranged:
    """Returns the rates and the loss before the step at each, up to the explosion, in so many steps at most.

    Raises:
      NotMeasured: the time was over before.
    """
    trainer.reset()
    coming = cycle(batches)
    rates, losses = [ends[0]], list[float]()
    whole, began, seconds = math.log(ends[1] / ends[0]), clock.spent(), clock.left()
    while True:
        trainer.set_rate(rates[-1])
        losses += trainer.train([next(coming)], clock).tolist()
        if not clock.left():
            raise NotMeasured(
                f"its share of the budget was over at a learning rate of {number(rates[-1])}, before the loss could "
                "explode: give preflight more with budget="
            )
        left = math.log(ends[1] / rates[-1])
        clock.done(1 - left / whole)
        if left <= SLACK or has_exploded(np.array(losses)):
            return np.array(rates), np.array(losses)
        fitting = (RANGED * seconds / (clock.spent() - began) - 1) * len(losses)
        steps = min(max(fitting, LEAST_STEPS * left / whole), most * left / whole)
        rates.append(min(ends[1], rates[-1] * math.exp(left / max(1.0, steps))))


def _groups(groups: Sequence[tuple[str, float]], **rates: float) -> list[dict[str, Any]]:
    """Returns the parts of an optimizer made of several, each with its own rate and what these rates of the first come
    to for it."""
    first = groups[0][1] if groups and groups[0][1] else float("nan")
    return [
        {"optimizer": name, "own": rate, **{told: of_first * rate / first for told, of_first in rates.items()}}
        for name, rate in groups
        if len(groups) > 1
    ]
