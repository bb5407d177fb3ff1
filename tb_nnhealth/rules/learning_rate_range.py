"""The learning rate is not one at which this model learns this data.

## What it detects
Learning rates at which the loss explodes or nearly does, and those far below what the model could learn with; and it
tells the highest rate that is worth trying.

## Why it matters
The learning rate is the setting that matters most, and the usual one of an optimizer is right for the usual model
only. Too high a rate destroys what was learnt, too low a one takes a thousand times as long.

## How it is decided
A fresh copy of your own optimizer trains the model on ten of its batches, dropout and all, while the rate rises by the
same factor from step to step from 1e-7 to 10, in 100 steps, 40 at least, on smaller batches where these take too long,
up to 800 where the loss does not fall. Accumulation of gradients, moving averages of weights and the optimizer's own
warm-up are left out, as are examples that hold NaN or infinity. Of an optimizer made of several (`MultiOptimizer`) all
rates rise in their proportion, each from 1e-7 to 10 at least, and one is told for each; the chart shows that of the
first. Whether the loss falls, smoothed by a moving average, is told by how far each batch is below itself at the start.

It explodes where it stays as far above its start as it had come below it and as three standard deviations of its noise
at the first ten rates, or is no number; a loss that is bounded, where it stays above its start. A single high loss is
no explosion, nor does one begin there.

What is recommended was tried: a rate that is reached late does no harm to what knows its ten batches by heart by then.
So the model is trained for 30 steps from its initial weights, first at a tenth of the explosion, of the last rate where
nothing explodes, or at that of the lowest loss, then at a tenth of it and so on, and at last at one in between. It
learns where the last losses are below the first ones, and below those of the same answers with other examples' targets,
at whatever rate, by more than three standard errors and a thousandth: the latter come as low as one answer to all does.
Lower rates are tried until the loss falls half as far at one as to the lowest that was seen, or they do worse. The
highest worth trying is the one at which it falls half as far at least as at any other; a higher one at which it did not
is told. Where the model learns at none, all is tried once more in 120 steps.

At its own rate, the highest of a schedule, the model is trained so, too. That is judged of a rate that lies above the
explosion, or below it by less than the limit `near`, or is as high as one at which it learnt too little; where there is
neither, above the highest worth trying. Where the loss rises above its start by more than three standard deviations of
its noise it is an error; where it falls less than half as far as at the highest rate worth trying, a warning. A rate
that is the limit `far` below the highest worth trying is a warning; where the model learns at none, one so far below
the lowest at which the loss falls half as far from its start as at any. Else there is no verdict then, nor for Ftrl, of
which no rate can follow another.

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

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules._probe import of_nonfinite, probed, records_of, text_of, value_of, values_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._told import went

RULE = Rule(
    name="learning-rate-range",
    category="preflight",
    title="The learning rate is not one at which this model learns this data",
    passing_title="The learning rate is one at which this model learns this data",
    thresholds=(
        Threshold(
            "near", 3.0, "ratio", "docs/calibration.md#preflight-learning-rate-range: half an order of magnitude"
        ),
        Threshold("far", 1e3, "ratio", "two orders of magnitude below what can be tried are usual in fine-tuning"),
    ),
    judges_nonfinite=True,
)

HALF = 0.5
"""At the model's own rate the loss falls as far as that, of how far it falls at the highest worth trying."""

NOISES = 3.0


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss", "optimizer")
    suggestion, start = value_of(found, "suggestion"), value_of(found, "start")
    own = values_of(found, "own")
    if not math.isfinite(start) or not len(own) or not np.isfinite(own).all():
        raise NotJudged("what was measured cannot be read")
    highest = float(own.max())
    high = _of_high(found, highest, limits)
    if high is not None:
        yield high
    elif not suggestion > 0:
        falling = value_of(found, "falling")
        if not highest < falling / limits["far"]:
            raise NotJudged("the model learns at none of the learning rates that were tried")
        below = f"{_own(found, highest)} {_times(falling, highest)} below the {_rates(found, 'falling')}"
        message = f"{below} from which on the loss falls half as far as at any.{of_nonfinite(found)}"
        yield _finding("warning", message, highest, falling / limits["far"])
    elif highest < suggestion / limits["far"]:
        message = f"{_beside(found, highest, f'{_times(suggestion, highest)} below')}.{of_nonfinite(found)}"
        yield _finding("warning", message, highest, suggestion / limits["far"])
    else:
        size = value_of(found, "batch_size")
        tried = f"can be tried{f' in batches of {whole(size)}' if math.isfinite(size) else ''}"
        message = f"Rates up to about {_rates(found, 'suggestion')} {tried}: {_why(found)}.{of_nonfinite(found)}"
        yield _finding("info", message, highest, suggestion)


def _of_high(found: Probed, highest: float, limits: Limits) -> Finding | None:
    """Returns a finding where the model does not learn well at its own rate, which is near the explosion, or as high as
    one at which it did not learn from its initial weights."""
    explosion, failed, suggestion = (value_of(found, name) for name in ("explosion", "failed", "suggestion"))
    limit = min([rate for rate in (explosion / limits["near"], failed) if math.isfinite(rate)] or [suggestion])
    if not (highest > limit or highest >= failed):
        return None
    loss, start, noise = (value_of(found, name) for name in ("own_loss", "start", "noise"))
    if not math.isfinite(loss):
        raise NotJudged("no time was left to try the model's own rate")
    them = "them" if records_of(found, "groups") else "it"
    message = f"{_beside(found, highest, 'above')}: with {them} the loss {went(start, loss)}.{of_nonfinite(found)}"
    if loss > start + NOISES * (noise if math.isfinite(noise) else 0.0):
        return _finding("error", message, highest, limit)
    if value_of(found, "own_fall") < HALF * value_of(found, "fall"):
        return _finding("warning", message, highest, limit)
    return None


def _beside(found: Probed, highest: float, where: str) -> str:
    """Returns where the model's own rate is beside the highest worth trying; without one, beside the explosion."""
    own = _own(found, highest)
    if not value_of(found, "suggestion") > 0:
        near = "above" if highest > value_of(found, "explosion") else "near"
        return f"{own} {near} the {_rates(found, 'explosion')} at which the loss explodes"
    return f"{own} {where} the {_rates(found, 'suggestion')} that can be tried ({_why(found)})"


def _own(found: Probed, highest: float) -> str:
    rates, are = ("rates", "are") if records_of(found, "groups") else ("rate", "is")
    return f"The learning {rates}, {_rates(found, 'own', highest)}, {are}"


def _times(higher: float, lower: float) -> str:
    return f"{number(higher / lower)} times" if lower > 0 else "far"


def _why(found: Probed) -> str:
    """Returns why no higher rate is recommended, and of an optimizer made of several how they were raised."""
    tried, groups = values_of(found, "rates"), records_of(found, "groups")
    why = []
    if math.isfinite(value_of(found, "failed")):
        why.append(f"at {_rates(found, 'failed')} it learns too little from the start")
    if math.isfinite(value_of(found, "explosion")):
        why.append(f"the loss explodes at {_rates(found, 'explosion')}")
    if not why:
        up_to = f" up to {number(float(tried[-1]))}, the highest that was tried" if len(tried) else ""
        why.append(f"the loss does not explode{up_to}")
    told = ", and ".join(why)
    if not groups:
        return told
    return f"{told}; all rates were raised in proportion, the chart shows that of {text_of(groups[0], 'optimizer')}"


def _rates(found: Probed, name: str, rate: float | None = None) -> str:
    """Returns a rate, one that was measured unless it is given; of an optimizer made of several that of each."""
    groups = [(text_of(each, "optimizer"), value_of(each, name)) for each in records_of(found, "groups")]
    several = " with ".join(f"{optimizer} {number(each)}" for optimizer, each in groups)
    return several or number(value_of(found, name) if rate is None else rate)


def _finding(severity: Severity, message: str, observed: float, limit: float) -> Finding:
    return Finding(RULE.name, severity, message, observed=observed, limit=limit, unit="learning rate")
