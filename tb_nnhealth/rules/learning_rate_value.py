"""The learning rate is not one that the optimizer is good for.

## What it detects
Learning rates that are zero or negative, and those far outside what the optimizer in use is good for; for a schedule,
of its whole range.

## Why it matters
At zero nothing is learnt, below zero the loss is climbed. The same number means different things to different
optimizers: Adam moves each weight by about the learning rate, SGD by the learning rate times the gradient.

## How it is decided
From the schedule's definition, else from the rates that were in force at the sampled steps. Zero and negative rates
are errors. Others are compared with the rate that papers and Keras' documentation start from with this optimizer:
below a thousandth of it, or above ten times of it, is information where something is learnt, else a warning. A
hundred times is a warning for the optimizers that move each weight by about the rate, whatever its gradient (Adam and
its kin, RMSprop, Lion): a step is then as large as the weights are. The highest rate counts, times 0.1 ÷ (1 -
momentum) where the momentum is above 0.9, for that is what steps add up to; of a training that became NaN or
infinite, that before.

By hand: `float(model.optimizer.learning_rate)`.

## When it is wrong
A step as small or as large may be right for a loss on another scale.

## What to try
* Adam, AdamW, Nadam: 1e-3, for fine-tuning 1e-5. SGD: 0.01 with momentum 0.9. RMSprop: 1e-3.
  Adadelta: 1.0 (Keras' default of 0.001 is a thousandth of its paper's). Lion: a tenth of Adam's.
* Try a few of them, a factor of 10 apart, for a few hundred steps each.

## References
* My neural network isn't working! What should I do?, reason 6 (the learning rate).
* 37 reasons why your neural network is not working, 5.10.
* Zeiler (2012), ADADELTA: an adaptive learning rate method; Chen et al. (2023), Symbolic discovery of optimization
  algorithms (Lion).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tb_nnhealth.numbers import number, rounded, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._inputs import is_outside
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

RULE = Rule(
    name="learning-rate-value",
    category="updates",
    title="The learning rate is not one that the optimizer is good for",
    passing_title="The learning rate is one that the optimizer is good for",
    thresholds=(
        Threshold("low", 1e-3, "ratio", "three orders of magnitude below the usual rate: fine-tuning uses two"),
        Threshold("high", 10.0, "ratio", "an order of magnitude above the usual rate"),
        Threshold(
            "far", 100.0, "ratio", "Adam moves each weight by about 0.1, what the weights of 100 inputs start at"
        ),
    ),
)

USUAL = {
    "SGD": 0.01,
    "Adam": 1e-3,
    "AdamW": 1e-3,
    "Adamax": 1e-3,
    "Nadam": 1e-3,
    "RMSprop": 1e-3,
    "Adagrad": 0.01,
    "Adadelta": 1.0,
    "Adafactor": 1e-3,
    "Ftrl": 0.01,
    "Lion": 1e-4,
    "Muon": 1e-3,
}
"""Rates that papers and Keras' documentation start from."""


BY_THE_RATE = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion")
"""Optimizers that move each weight by about the learning rate."""

MOMENTUM = 0.9
"""The usual one, of which the usual rates are: steps add up to 10 times the rate."""

ROUNDING = 1e-6
"""What a rate of float32 may differ by from the number that was written."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    optimizer = run.model.compile.get("optimizer") or {}
    measured = run.step.series("learning_rate", "step")
    in_force = [rounded(rate, 6) for rate in measured[np.isfinite(measured)]]
    given = optimizer.get("scheduled") or in_force or [optimizer.get("learning_rate")]
    rates = [rate for rate in given if rate is not None]
    if not rates:
        raise NotJudged("the optimizer has no learning rate")
    highest, name = max(rates), str(optimizer.get("class_name"))
    gathered = _gathered(optimizer)
    usual = USUAL.get(name)
    if min(rates) < 0:
        yield _finding("error", f"The learning rate of {name} is negative ({number(min(rates))}).", min(rates), 0.0)
    elif highest == 0:
        yield _finding("error", f"The learning rate of {name} is zero.", 0.0, 0.0)
    elif usual is not None and is_outside(gathered * highest / usual, *_margins(limits)):
        limit = limits["low" if highest < usual else "high"] * usual / gathered
        times = _times(gathered * highest / usual)
        is_far = name in BY_THE_RATE and highest / usual > limits["far"] * (1 - ROUNDING)
        severity: Severity = "warning" if is_far else severity_of_symptom(run)
        told = (
            f"The steps of {name}, of a learning rate of {number(highest)} and a momentum of "
            f"{number(optimizer['momentum'])}, add "
            f"up to {times} those of its usual {number(usual)} and {number(MOMENTUM)}."
            if gathered > 1
            else f"The learning rate of {name}, {number(highest)}, is {times} its usual {number(usual)}."
        )
        yield _finding(severity, told, highest, limit)


def _gathered(optimizer: Mapping[str, Any]) -> float:
    """Returns how many times as far as with the usual momentum, or less, the steps of an optimizer add up to."""
    momentum = optimizer.get("momentum") or 0.0
    return max(1.0, (1 - MOMENTUM) / max(1 - momentum, ROUNDING))


def _margins(limits: Limits) -> tuple[float, float]:
    return limits["low"] * (1 - ROUNDING), limits["high"] * (1 + ROUNDING)


def _times(ratio: float) -> str:
    return f"{number(ratio)} times" if ratio >= 1 else f"1/{whole(1 / ratio)} of"


def _finding(severity: Severity, message: str, observed: float, limit: float) -> Finding:
    return Finding(
        RULE.name, severity, message, statistic="learning_rate", observed=observed, limit=limit, unit="learning rate"
    )
