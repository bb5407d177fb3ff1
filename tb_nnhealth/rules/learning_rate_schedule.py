"""The learning rate decayed to nothing too early, or a plateau calls for decay.

## What it detects
Schedules under which most of the training runs at a rate that moves nothing, and long plateaus at a constant rate.

## Why it matters
Steps at a rate of nearly zero are steps for nothing. At a constant rate the loss circles above the floor that a smaller
one would reach.

## How it is decided
The learning rates of the sampled steps are put in relation to the highest of them. Where the median is below the
limit, and a tenth or more of what was there to lose is left, it is a warning, whatever was learnt before. A constant
rate is information where the loss fell by 30 % of its start or more in eight epochs or more, something is learnt, and
the loss then lay still for the second half, with little noise, above a twentieth of its start.

## When it is wrong
A plateau may be the floor itself.

## What to try
* Let the schedule end with the training: `decay_steps` = epochs × steps in an epoch (`CosineDecay`,
  `PolynomialDecay`).
* `ReduceLROnPlateau(factor=0.3, patience=5)` for a constant rate.

## References
* Troubleshooting CNNs, on the loss: learning rate decay.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._data_loss import share_left
from tb_nnhealth.rules._learning import FALLS_WELL, learns_well
from tb_nnhealth.rules._loss import LossCurve, loss_curve, noise, relative_drop
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Severity, Threshold
from tb_nnhealth.rules._series import Floats, median, span
from tb_nnhealth.rules._told import taken_over

RULE = Rule(
    name="learning-rate-schedule",
    category="updates",
    title="The learning rate does not follow the training",
    passing_title="The learning rate follows the training",
    needs=("learning_rate", "loss"),
    min_samples=8,
    thresholds=(
        Threshold("decayed", 1e-3, "ratio", "a thousandth of the highest rate moves nothing any more"),
        Threshold("plateau", 0.02, "fraction", "less than noise over half of the training"),
        Threshold("epochs", 8.0, "epochs", "a plateau takes time to be one"),
    ),
)


NEARLY_DONE = 0.1
"""Share of what was there to lose at which steps that move nothing cost little."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    rates = run.step.series("learning_rate", "step").astype(np.float64)
    known = np.isfinite(rates)
    if not known.any():
        raise NotJudged("no finite learning rate was measured")
    rates = rates[known]
    highest = float(rates.max())
    if highest <= 0:
        raise NotJudged("the learning rate is zero throughout")
    middle = float(median(_over_steps(run.step.steps[known], rates))) / highest
    curve, learns = loss_curve(run), learns_well(run)
    if middle < limits["decayed"] and not share_left(run) < NEARLY_DONE:
        reached = (
            f"below {number(middle)} of its highest, {number(highest)}"
            if middle
            else f"0, after {number(highest)} at most"
        )
        message = f"For half of the training the learning rate is {reached}."
        found = _finding(run, "warning", message, middle, limits["decayed"])
        yield replace(found, on_curve=OnCurve("learning_rate", middle * highest, limits["decayed"] * highest))
    elif np.ptp(rates) == 0 and len(run.epochs) >= limits["epochs"] and learns and curve.fell >= FALLS_WELL:
        before, after = (float(median(quarter)) for quarter in _last_quarters(curve))
        drop = relative_drop(before, after)
        if abs(drop) < limits["plateau"] and noise(curve.losses) < 0.05 * abs(after) and after > 0.05 * curve.start:
            message = (
                f"The loss has lain at {number(after)} ({_last(curve)}) for the second half, at a constant learning "
                f"rate of {number(highest)}."
            )
            yield _finding(run, "info", message, drop, limits["plateau"])


def _last_quarters(curve: LossCurve) -> list[Floats]:
    return np.array_split(curve.losses[len(curve.losses) // 2 :], 2)


def _last(curve: LossCurve) -> str:
    """Returns what the loss at the end is taken over."""
    return taken_over("last", len(_last_quarters(curve)[1]), curve.point)


def _over_steps(steps: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Returns the rates at 100 steps evenly spread over the run, for the samples are not."""
    spread: np.ndarray = np.interp(np.linspace(steps[0], steps[-1], 100), steps, rates)
    return spread


def _finding(run: HealthRun, severity: Severity, message: str, observed: float, limit: float) -> Finding:
    return Finding(
        RULE.name,
        severity,
        message,
        **span(run.step.steps),
        statistic="learning_rate",
        observed=observed,
        limit=limit,
        unit="ratio",
    )
