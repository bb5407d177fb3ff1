"""The learning rate is not one at which this model learns this data.

## What it detects
Learning rates at which the loss explodes or nearly does, and those far below what the model could learn with; and it
tells the highest rate that is worth trying.

## Why it matters
The learning rate is the setting that matters most, and the usual one of an optimizer is right for the usual model
only. Too high a rate destroys what was learnt, too low a one takes a thousand times as long.

## How it is decided
A fresh copy of your own optimizer trains the model on its batches, with dropout and all, while the rate rises by the
same factor from step to step, from 1e-7 to 10, and to both sides of its own rate by a factor of 100 at least, in 100
steps or as many as the time allows, 40 at least, on smaller batches where these take too long. Accumulation of
gradients, moving averages of weights and a warm-up of the optimizer's own are left out, clipping and weight decay are
not. Examples that hold NaN or infinity are left out, which is told. Of an optimizer made of several (`MultiOptimizer`)
all rates rise in their proportion, and one is told for each. The loss is smoothed by a moving average, corrected for
its beginning. The same ten batches come again and again, and whether the loss falls is told by how far each is below
itself at the start, for batches may differ by more than 100 steps teach. Where it does not fall, up to 800 steps are
taken.

The loss explodes where it stays as far above its start as it had come below it and as three standard deviations of its
noise at the first ten rates, or is no number; a loss that is bounded, where it stays above its start. The highest
rate worth trying is a tenth of that, or a lower one where the loss rises before; a tenth of the rate of the lowest loss
where nothing explodes.

Where the loss explodes the model is trained at its own rate, too, the highest of a schedule, for 30 steps from the
beginning. That is judged of a rate that lies above the explosion, or below it by less than the limit `near`. Where the
loss rises above its start by more than three standard deviations of its noise it is an error; where it falls less than
half as far as it did while the rate rose, a warning. A rate that is the limit `far` below the highest worth trying is a
warning. In any case that is told. There is no verdict where the loss falls at none of the rates, and for Ftrl, of which
no rate can follow another.

By hand: train for 100 steps, multiply the learning rate by 1.2 after each, and draw the loss against it.

## When it is wrong
A warm-up makes rates safe that are not at the start. Fine-tuning keeps what was learnt by a rate that is low on
purpose. At the highest rate the loss falls fast at first, and often ends higher than with the usual rate of the
optimizer (0.001 for Adam), which may well be a hundredth of it.

## What to try
* Begin with the usual rate of the optimizer where that is lower, and try higher ones, a factor of 3 apart, up to the
  one that is told; let them decay to a hundredth of it.
* With a rate near the explosion: a warm-up, gradient clipping, or normalization layers.
* Where no rate helps, look at the inputs, the initialization and the loss first.

## References
* Smith (2017), Cyclical learning rates for training neural networks, arXiv:1506.01186, section 3.3.
* Howard and Gugger (2020), fastai: a layered API for deep learning (its learning rate finder).
* My neural network isn't working! What should I do?, reason 6 (an order of magnitude below what explodes).
* 37 reasons why your neural network is not working, 5.10.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import apart, number, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import of_nonfinite, probed, records_of, text_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

RULE = Rule(
    name="learning-rate-range",
    category="preflight",
    title="The learning rate is not one at which this model learns this data",
    passing_title="The learning rate is one at which this model learns this data",
    thresholds=(
        Threshold(
            "near", 3.0, "ratio", "docs/calibration.md#preflight-learning-rate-range: half an order of magnitude"
        ),
        Threshold(
            "far",
            1e3,
            "ratio",
            "three orders of magnitude below what is an order below the explosion: fine-tuning uses two",
        ),
    ),
    judges_nonfinite=True,
)

HALF = 0.5
"""At the model's own rate the loss falls as far as that, of how far it fell while the rate rose."""

NOISES = 3.0

NO_NUMBER = 3e38
"""The probe writes the largest float32 for a loss that is not finite."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss", "optimizer")
    suggestion, start = value_of(found, "suggestion"), value_of(found, "start")
    own = values_of(found, "own")
    if not math.isfinite(start) or not len(own) or not np.isfinite(own).all():
        raise NotJudged("what was measured cannot be read")
    if not suggestion > 0:
        raise NotJudged("the loss falls at none of the learning rates that were tried")
    highest = float(own.max())
    explosion = value_of(found, "explosion")
    if highest > explosion / limits["near"]:
        yield from _of_high(found, highest, explosion, limits)
    elif highest < suggestion / limits["far"]:
        yield _finding("warning", _too_low(highest, suggestion), highest, suggestion / limits["far"])
    yield _finding("info", _suggested(found, suggestion, explosion) + of_nonfinite(found), highest, suggestion)


def _of_high(found: Probed, highest: float, explosion: float, limits: Limits) -> Iterator[Finding]:
    """Yields a finding where the model does not learn well at its own rate, which is near the explosion."""
    loss, start, noise = (value_of(found, name) for name in ("own_loss", "start", "noise"))
    smoothed = values_of(found, "smoothed")
    known = smoothed[np.isfinite(smoothed)]
    if not math.isfinite(loss):
        raise NotJudged("no time was left to try the model's own rate")
    if not len(known):
        return
    told = f"The loss explodes at a learning rate of {number(explosion)}, and yours is {number(highest)}: "
    told += f"with it the loss {_went(start, loss)}."
    if loss > start + NOISES * (noise if math.isfinite(noise) else 0.0):
        yield _finding("error", told, highest, explosion)
    elif start - loss < HALF * (start - float(known.min())):
        yield _finding("warning", told, highest, explosion / limits["near"])


def _went(start: float, loss: float) -> str:
    """Returns what a loss did that has not fallen far."""
    first, last = apart(start, loss)
    if loss >= NO_NUMBER:
        return f"goes from {first} to no number"
    if first == last:
        return f"stays at {first}"
    return f"rises from {first} to {last}" if loss > start else f"falls from {first} to {last} only"


def _too_low(highest: float, suggestion: float) -> str:
    if not highest > 0:
        return f"The learning rate is {number(highest)}: rates up to {number(suggestion)} can be tried."
    times = number(suggestion / highest)
    return f"The learning rate, {number(highest)}, is {times} times below the {number(suggestion)} that can be tried."


def _suggested(found: Probed, suggestion: float, explosion: float) -> str:
    groups = records_of(found, "groups")
    rates = [f"{number(value_of(group, 'suggestion'))} for {text_of(group, 'optimizer')}" for group in groups]
    where = f"the loss explodes at {number(explosion)}" if math.isfinite(explosion) else "the loss does not explode"
    size = value_of(found, "batch_size")
    batches = f" in batches of {whole(size)}" if math.isfinite(size) else ""
    return f"Rates up to about {', '.join(rates) or number(suggestion)} can be tried{batches}: {where}."


def _finding(severity: Severity, message: str, observed: float, limit: float) -> Finding:
    return Finding(RULE.name, severity, message, observed=observed, limit=limit, unit="learning rate")
