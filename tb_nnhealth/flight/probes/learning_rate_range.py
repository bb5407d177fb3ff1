"""Raises the learning rate from step to step until the loss explodes (Smith 2017, arXiv:1506.01186, 3.3).

A fresh copy of the model's own optimizer trains it on its batches, as in training. Of an optimizer made of several the
rates keep their proportion. Where the loss explodes, the model is trained at its own rate, too, from the beginning: a
rate that is reached in few steps may do harm there, and none after a steady start."""

import math
from collections.abc import Iterator, Sequence
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
    smoothed,
    start_of,
    suggestion_of,
)
from tb_nnhealth.flight.training.shuffled import shuffled
from tb_nnhealth.flight.training.trainer import Trainer
from tb_nnhealth.numbers import number

SHARE = 1.5

Ranged = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The rates, and the loss before the step at each."""

FIRST, LAST = 1e-7, 10.0
"""The rates, those of fast.ai's learning rate finder."""

BESIDE = 100.0
"""The model's own rate lies this far within them at least."""

STEPS, LEAST_STEPS = 100, 40
"""A dozen steps for each factor of ten, five at least."""

MORE = 8
"""Where the loss falls at none of the rates, so many times as many steps are taken, or as many as the time allows."""

TWICE = 2.0
"""Less than twice as many are not worth it."""

LEAST_BATCH = 8
"""Smaller batches are of no use."""

RANGED = 0.8
"""The share of the time in which the rate is raised; the rest is for the model's own."""

SLACK = 1e-9

CHECKED_STEPS, LATE = 30, 10
"""For so many steps; the mean loss of the last ones counts."""


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
    own = own_rates(subject.model.optimizer) if len(groups) < 2 else [groups[0][1]]
    rates, losses = _learnt(trainer, batches, _ends(own), clock)
    if not np.isfinite(losses[0]):
        raise NotMeasured("the loss is not finite from the first step on")
    explosion, suggestion = explosion_of(rates, losses), suggestion_of(rates, losses)
    start, noise = start_of(losses)
    return {
        "rates": rates,
        "losses": losses,
        "smoothed": smoothed(losses),
        "start": start,
        "noise": noise,
        "explosion": explosion,
        "suggestion": suggestion,
        "own": own,
        "own_loss": _at(trainer, batches, max(own), clock) if np.isfinite(explosion) else np.nan,
        "groups": _groups(groups, suggestion),
        "batch_size": data.batch_size,
        "nonfinite": int((~are_finite).sum()),
        "read": len(are_finite),
    }


def _ends(own: Sequence[float]) -> tuple[float, float]:
    """Returns the first and the last rate."""
    first = min([FIRST, *(rate / BESIDE for rate in own if rate > 0)])
    return first, max([LAST, *(rate * BESIDE for rate in own)])


def _batches(data: Sample, random: np.random.Generator) -> Iterator[Sample]:
    """Returns the same few batches again and again, without end: `learns` compares each with itself."""
    order = shuffled(data.examples, min(data.batch_size, data.examples), random)
    return map(data.take, cycle(list(islice(order, CYCLE))))


def _fitting(trainer: Trainer, data: Sample, random: np.random.Generator, clock: Clock) -> Sample:
    """Returns the data in smaller batches where steps on whole ones would take too long; the first one compiles."""
    batches = _batches(data, random)
    trainer.set_rate(0.0)
    trainer.train([next(batches)], clock)
    before = clock.spent()
    trainer.train([next(batches)], clock)
    seconds = clock.spent() - before
    size = min(data.batch_size, data.examples)
    share = clock.left() / max(seconds * (LEAST_STEPS + CHECKED_STEPS), 1e-9)
    return replace(data, batch_size=size if share >= 1 else max(min(size, LEAST_BATCH), int(share * size)))


def _learnt(trainer: Trainer, batches: Iterator[Sample], ends: tuple[float, float], clock: Clock) -> Ranged:
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


def _raised(trainer: Trainer, batches: Iterator[Sample], ends: tuple[float, float], most: int, clock: Clock) -> Ranged:
    """Returns the rates and the loss before the step at each, up to the explosion, in so many steps at most.

    Raises:
      NotMeasured: the time was over before.
    """
    trainer.reset()
    rates, losses = [ends[0]], list[float]()
    whole, began, seconds = math.log(ends[1] / ends[0]), clock.spent(), clock.left()
    while True:
        trainer.set_rate(rates[-1])
        losses += trainer.train([next(batches)], clock).tolist()
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


def _at(trainer: Trainer, batches: Iterator[Sample], rate: float, clock: Clock) -> float:
    """Returns the loss after some steps at one rate; infinite where it is no number."""
    trainer.reset()
    trainer.set_rate(rate)
    losses = trainer.train((next(batches) for _ in range(CHECKED_STEPS)), clock)
    if not np.isfinite(losses).all():
        return float(np.finfo(np.float32).max)
    return float(losses[-LATE:].mean()) if len(losses) == CHECKED_STEPS else float("nan")


def _groups(groups: Sequence[tuple[str, float]], suggestion: float) -> list[dict[str, Any]]:
    """Returns the parts of an optimizer made of several, each with its rate, and what to try of it."""
    times = suggestion / groups[0][1] if groups and groups[0][1] else float("nan")
    return [{"optimizer": name, "own": rate, "suggestion": times * rate} for name, rate in groups if len(groups) > 1]
