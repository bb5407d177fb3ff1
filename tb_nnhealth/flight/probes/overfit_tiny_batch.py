"""Trains the model on a few examples, again and again, until it knows them by heart or does not get any further.

An Adam beside the model's own optimizer trains it, at one learning rate after another. What stands against fitting is
turned off: see `tb_nnhealth.flight.training.quiet`. Where the model has layers of a user's own, it is tried in
inference mode, too, in which these are still; and at last on two examples, which even a model of few parameters can
tell apart.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_nnhealth.flight.clock import Clock
from tb_nnhealth.flight.fixed_batch import fixed_batch
from tb_nnhealth.flight.reading.sample import Sample
from tb_nnhealth.flight.reading.tensors import as_batch
from tb_nnhealth.flight.subject import Subject
from tb_nnhealth.flight.training.natural import natural
from tb_nnhealth.flight.training.reference import Reference, reference
from tb_nnhealth.flight.training.tiny import chosen
from tb_nnhealth.flight.training.trainer import Trainer

SHARE = 2.5

EXAMPLES = 10
"""One of each of the usual ten classes: a constant does not fit them, and a step on them takes little time."""

SEQUENCES = 4
"""Sequences have many targets each, and their beginnings, where they are alike, cannot be told apart."""

GOAL = 0.03
"""The share left to learn at which a training ends: below the rule's limit, so that a lower one can be set."""

TRIAL = 100
"""Steps at each learning rate, after which the training goes on with the best ones, from the beginning."""

STEPS, MOST_STEPS, BLOCK = 200, 1500, 50
"""A training ends after so many steps, or later, when a block of them took less than 3 % off what was left."""

FALLING = 0.97
SMOOTHED = 3
"""A loss is the mean of so many steps, so that a lucky one does not count."""

RATES = (1e-3, 1e-2, 0.1, 1e-4)
"""Adam's usual rate, and those for models of few weights and for fragile ones."""

GENTLE_RATES = RATES[:2]
"""Two examples are learnt at these, too: the rate that is best for ten in a few steps may be one that saturates."""

FAR_RATES = (*RATES, 1.0)
"""For targets far from what the model answers at first."""

CURVE = 200
"""The most steps of a training whose losses are kept."""


@dataclass(frozen=True)
class Attempt:
    """A training, and how far it got.

    `loss` is the lowest, `left` the share of what there is to learn that was left there, NaN where that is not known;
    `losses` are those of its steps. `is_over`: it ended because it got there, or no further, not for lack of time.
    `outputs` is what the answers were at its end; see `_outputs`.
    """

    examples: int
    rate: float
    loss: float
    left: float
    losses: NDArray[np.float64]
    is_over: bool
    outputs: Sequence[Mapping[str, Any]] = ()


def measure(subject: Subject, clock: Clock) -> dict[str, Any]:
    """Returns how far the model gets on a few examples, and what was tried.

    Raises:
      NotMeasured: the model cannot be trained, or there are no two examples that differ.
    """
    trainer = subject.shared(Trainer, quiet=True)
    data = subject.training
    few = data.take(chosen(data, _count(subject), subject.random("overfit-tiny-batch")))
    found = natural(subject.model, few, as_batch(_filled(subject.model, few)))
    known = reference(subject.model, as_batch(_filled(subject.model, found.sample)))
    at_first = _outputs(trainer, found.sample, known)
    rates = FAR_RATES if found.is_far else RATES
    attempts = []
    for made in _attempts(subject, trainer, found.sample, known, rates, clock):
        attempts.append(made)
        clock.done(len(attempts) / (len(rates) + 4))
    tried = [made for made in attempts if made.examples == few.examples]
    if not any(len(made.losses) for made in tried):
        clock.check("train the model on a few examples")
    best = min(tried, key=_loss)
    return {
        "examples": few.examples,
        "nonfinite": int((~data.are_finite).sum()),
        "read": data.examples,
        "trivial": known.trivial,
        "floor": known.floor,
        "initial": tried[0].losses[0] if len(tried[0].losses) else math.nan,
        "loss": best.loss,
        "left": best.left,
        "left_of_pair": min((made.left for made in attempts if made.examples < few.examples), default=math.nan),
        "rate": best.rate,
        "ended": _ended(tried),
        "steps": sum(len(made.losses) for made in attempts),
        "weights": _weights(subject.model),
        "upside_down": known.is_upside_down,
        "outputs": [
            {**output, "distance_at_first": first["distance"]}
            for first, output in zip(at_first, best.outputs, strict=False)
        ],
        "answers_laid_out": any(len(shape) >= 3 for shape in _shapes(subject.model)),
        "losses": best.losses[:: math.ceil(max(1, len(best.losses)) / CURVE)],
    }


def _ended(tried: Sequence[Attempt]) -> int:
    """Returns how many trainings beyond the trials there were; none where one of them could have got further."""
    begun = [made for made in tried if len(made.losses) and math.isfinite(made.losses[-1])]
    whole = [made for made in begun if made.is_over or len(made.losses) != TRIAL]
    return len(whole) if all(made.is_over for made in whole) else 0


def _count(subject: Subject) -> int:
    """Returns how many examples to fit: fewer of sequences, and for a model that has few weights for each answer."""
    shapes = _shapes(subject.model)
    if any(len(shape) == 3 for shape in shapes):
        return SEQUENCES
    units = sum(shape[-1] or 1 for shape in shapes if len(shape) == 2) or 1
    weights = _weights(subject.model)
    return max(2, min(EXAMPLES, weights // (4 * units))) if weights else EXAMPLES


def _shapes(model: Any) -> list[tuple[int | None, ...]]:
    """Returns the shapes of the outputs, as far as the model tells them."""
    return [tuple(leaf.shape) for leaf in tf.nest.flatten(getattr(model, "outputs", None) or [])]


def _weights(model: Any) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def _attempts(
    subject: Subject, trainer: Trainer, few: Sample, known: Reference, rates: Sequence[float], clock: Clock
) -> Iterator[Attempt]:
    """Yields one training after another, until one gets there or there is no time left."""
    model = subject.model
    trials = []
    for rate in rates:
        trials.append(_attempt(trainer, few, rate, known, clock, TRIAL))
        yield trials[-1]
        if _is_enough(trials[-1], known, clock):
            return
    first, second = (made.rate for made in sorted(trials, key=_loss)[:2])
    plan = [(trainer, few, known, first), (trainer, few, known, second)]
    if any(not type(layer).__module__.startswith("keras.") for layer in model._flatten_layers()):
        plan.append((Trainer(subject, quiet=True, in_inference=True), few, known, first))
    if few.examples > 2:
        pair = few.take([0, 1])
        of_pair = reference(model, as_batch(_filled(model, pair)))
        plan += [(trainer, pair, of_pair, rate) for rate in dict.fromkeys((*GENTLE_RATES, first, second))]
    for index, (used, sample, bounds, rate) in enumerate(plan):
        reserved = 0.0 if index == len(plan) - 1 else clock.left() / 3
        made = _attempt(used, sample, rate, bounds, clock, MOST_STEPS, reserved)
        if len(made.losses):
            yield made
        if _is_enough(made, bounds, clock):
            return


def _is_enough(made: Attempt, known: Reference, clock: Clock) -> bool:
    return not clock.left() or _left(known, made.loss, made.losses) <= GOAL


def _loss(made: Attempt) -> float:
    return made.loss if math.isfinite(made.loss) else math.inf


def _attempt(
    trainer: Trainer,
    sample: Sample,
    rate: float,
    known: Reference,
    clock: Clock,
    steps: int,
    reserved: float = 0.0,
) -> Attempt:
    """Trains until it gets there, or no further, or no more than the reserved seconds are left."""
    trainer.reset()
    trainer.set_rate(rate)
    losses: list[float] = []
    lowest, before, is_over = math.nan, math.inf, False
    for loss in trainer.steps(repeat(_filled(trainer.model, sample), steps), clock):
        losses.append(loss)
        lowest = float(np.fmin(lowest, np.mean(losses[-SMOOTHED:])))
        left = _left(known, lowest, losses)
        is_over = left <= GOAL or not math.isfinite(loss) or len(losses) == MOST_STEPS
        if len(losses) % BLOCK == 0:
            is_over = is_over or (len(losses) >= STEPS and not left <= FALLING * before)
            before = left
        if is_over or clock.left() < reserved:
            break
    left, outputs = known.left(lowest), _outputs(trainer, sample, known)
    return Attempt(sample.examples, rate, lowest, left, np.array(losses), is_over, outputs)


def _outputs(trainer: Trainer, sample: Sample, known: Reference) -> list[dict[str, Any]]:
    """Returns of each output whose targets have its form how far the answers are from the targets on average, and how
    far they are from each other at most, as a share of the targets' distance; NaN where the targets are all the same.
    """
    if not known.truths:
        return []
    answers = trainer.answers(_filled(trainer.model, sample))
    return [
        {
            "name": name,
            "distance": float(np.abs(answers[name] - truth).mean()),
            "apart": _range(answers[name]) / (_range(truth) or math.nan),
        }
        for name, truth in known.truths.items()
    ]


def _range(values: NDArray[np.float64]) -> float:
    """Returns how far values `[n, …]` of examples are apart at most."""
    return float(np.ptp(values, axis=0).max())


def _left(known: Reference, loss: float, losses: Sequence[float] | NDArray[np.float64]) -> float:
    """Returns the share that is left to learn; of the first loss where it is not known what there is to learn."""
    left = known.left(loss)
    return left if math.isfinite(left) or not len(losses) or not losses[0] > 0 else loss / losses[0]


def _filled(model: Any, sample: Sample) -> Sample:
    """Returns the examples as often as a model takes them that is made for batches of one size."""
    size = fixed_batch(model)
    return sample if size is None else sample.take(np.arange(size) % sample.examples)
