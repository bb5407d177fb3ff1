"""A variable heads for infinity.

## What it detects
Kernels whose norm has grown many times over and still grows, or has grown out of all proportion.

## Why it matters
Weights that grow without end saturate what follows them, and end in Inf.

## How it is decided
The norm at the end is divided by the norm at the start; it counts where it exceeds the limit and the second half of
the training still added to it, or where it is a thousand times the start, as after one step that threw the weights
away. A warning where nothing is learnt, and where the loss falls below zero ever faster: it
may have no floor (see `unbounded-loss`), and larger weights make it lower for ever. Else information. A kernel that
starts below a tenth of the usual scale is left out: it has to grow.

## When it is wrong
In front of a normalization a kernel may grow without harm.

## What to try
* Lower the learning rate; add weight decay (`AdamW`) or a norm constraint.
* Clip the gradient.
* Normalize inputs and targets.
* Look at the loss: a score without bounds needs a penalty or a constraint on the weights.

## References
* 37 reasons why your neural network is not working, 5.7: weights should not go to infinity.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Variable
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._loss import falls_ever_faster, loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import Floats, kernels, late_of, median, span

RULE = Rule(
    name="weight-growth",
    category="weights",
    title="A variable heads for infinity",
    passing_title="Weights stay within bounds",
    needs=("value_norm",),
    min_samples=8,
    thresholds=(
        Threshold("growth", 10.0, "ratio", "our choice (37 reasons, 5.7, has no number): ten times the start"),
        Threshold("still", 1.2, "ratio", "a fifth within the second half of the training: it goes on"),
        Threshold("far", 1000.0, "ratio", "our choice: out of all proportion, also where it has stopped"),
        Threshold("start", 0.1, "ratio", "of the usual initialization: below it a variable has to grow"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    grown = [(v, *growth) for v in kernels(run) if (growth := _growth(run, v, limits)) is not None]
    if not kernels(run):
        raise NotJudged("the model has no trainable kernel")
    found = [(v, total, name) for v, total, still in grown if (name := _exceeded(total, still, limits)) is not None]
    if not found:
        return
    worst, total, name = max(found, key=lambda item: item[1])
    yield Finding(
        RULE.name,
        "warning" if falls_ever_faster(loss_curve(run)) else severity_of_symptom(run),
        f"The norm of {worst.path} has grown {number(total)} times{', and still grows' if name == 'growth' else ''}.",
        layer=worst.layer,
        variable=worst.path,
        **span(run.variables.steps),
        statistic="value_norm",
        observed=total,
        limit=limits[name],
        unit="ratio",
        on_curve=_on_curve(run, worst, limits[name]),
        others=tuple(v.path for v, *_ in found if v is not worst),
    )


def _exceeded(total: float, still: float, limits: Limits) -> str | None:
    """Returns the name of the limit that a growth exceeds, None where it is within all of them."""
    if total > limits["growth"] and still > limits["still"]:
        return "growth"
    return "far" if total > limits["far"] else None


def _on_curve(run: HealthRun, variable: Variable, limit: float) -> OnCurve:
    measured = _measured(run, variable)
    return OnCurve("value_norm", float(measured[-1]), limit * float(measured[0]))


def _measured(run: HealthRun, variable: Variable) -> Floats:
    series = run.variables.series("value_norm", variable.path)
    return series[np.isfinite(series)].astype(np.float64)


def _growth(run: HealthRun, variable: Variable, limits: Limits) -> tuple[float, float] | None:
    """Returns by how much the norm grew in all, and within the second half; None where it began too small."""
    series, measured = run.variables.series("value_norm", variable.path), _measured(run, variable)
    usual = np.sqrt(variable.size / max(1, variable.fan_in or 1))
    if len(measured) < RULE.min_samples or measured[0] < limits["start"] * usual or measured[0] == 0:
        return None
    window = late_of(run, "variable")
    middle = float(median(series[window][:3]))
    return float(measured[-1] / measured[0]), float(measured[-1] / middle) if middle > 0 else 0.0
