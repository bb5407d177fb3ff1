"""There are labels that the output cannot represent.

## What it detects
Class numbers below 0 or not below the number of outputs, or that are not whole, labels outside 0 to 1 under a binary
cross-entropy, rows that do not sum to 1 under a categorical one; negative targets under a logarithmic or a Poisson
loss, and zeros under a percentage error.

## Why it matters
Keras does not complain on all devices: a class number out of range gives NaN or is dropped, and under a binary
cross-entropy a label above 1 drives the loss towards minus infinity, while it seems to improve. A sparse loss cuts
off what follows the point of a class number: 0.9 becomes the class 0, and a number that was to be predicted becomes a
class. A percentage of a target of zero is as large as the rounding that it is divided by instead, and drowns the rest.

## How it is decided
The smallest and the largest target of all sampled batches, for one-hot rows also their mean, are compared with what
the loss takes. Any label outside is an error, but for the class that the loss is told to leave out (`ignore_class`).
A smallest or largest class number of a batch that is not whole, and any target of zero under a percentage error, is
an error, and a warning where something is learnt.

By hand: `y.min(), y.max(), model.output_shape`.

## When it is wrong
A loss of your own that has the name of one of Keras' may take other labels.

## What to try
* Count the classes from 0, and give the output as many units as there are classes.
* For more than two classes use a softmax and a categorical cross-entropy instead of one sigmoid.
* For numbers use a linear output and a regression loss.
* Look at the labels of one batch, as the model gets them.

## References
* My neural network isn't working! What should I do?, reason 7.
* 37 reasons why your neural network is not working, 4.4.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, percent, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import BINARY, Head, heads, target_range
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import mean, median, span

RULE = Rule(
    name="label-out-of-range",
    category="data",
    title="There are labels that the output cannot represent",
    passing_title="The labels fit the output",
    needs=("data_min", "data_max"),
    min_samples=1,
    thresholds=(
        Threshold("rounding", 1e-3, "", "labels are stored as float32, and smoothed or mixed ones still sum to 1"),
    ),
)

SPARSE = "SparseCategoricalCrossentropy"
ONE_HOT = ("CategoricalCrossentropy", "CategoricalFocalCrossentropy")
NOT_NEGATIVE = ("MeanSquaredLogarithmicError", "Poisson")
PERCENTAGE = "MeanAbsolutePercentageError"
JUDGED = (SPARSE, *ONE_HOT, *BINARY, *NOT_NEGATIVE, PERCENTAGE)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.target and head.loss in JUDGED]
    if not judged:
        raise NotJudged("no target of a loss that not all numbers fit was seen")
    for head in judged:
        low, high = target_range(run, head)
        if not math.isfinite(low):
            continue
        if head.loss == PERCENTAGE:
            yield from _zeros(run, head)
            continue
        highest = _highest(head)
        low, high = (0.0 if low == head.ignored else low), (highest if high == head.ignored else high)
        margin = limits["rounding"]
        if low < -margin or high > highest + margin:
            yield _finding(
                run,
                head,
                "error",
                f"The {_noun(head)}s of {head.name} go from {number(low, 4)} to {number(high, 4)}, and "
                f"{_expected(head, highest)}.",
                "data_max" if high > highest else "data_min",
                high if high > highest else low,
                highest if high > highest else 0.0,
            )
        elif head.loss == SPARSE and (broken := _broken(run, head, margin)):
            step, statistic, label = broken
            yield _finding(
                run,
                head,
                "error" if suffers(run) else "warning",
                f"The labels of {head.name} are no whole numbers: {number(label, 4)} is among those of step "
                f"{whole(step)}, and "
                f"{SPARSE} cuts what follows the point off.",
                statistic,
                label,
                float(round(label)),
            )
        elif head.loss in ONE_HOT and (total := _row_sum(run, head)) and abs(total - 1.0) > 10 * margin:
            yield _finding(
                run,
                head,
                "error",
                f"The labels of an example of {head.name} sum to {number(total)} on average, and {head.loss} "
                "expects the probabilities of its classes, which sum to 1.",
                "data_mean",
                total,
                1.0,
            )


def _noun(head: Head) -> str:
    """Returns what a user calls what the loss is given to compare with: numbers are no labels."""
    return "target" if head.loss in (*NOT_NEGATIVE, PERCENTAGE) else "label"


def _highest(head: Head) -> float:
    """Returns the largest label that fits."""
    if head.loss in NOT_NEGATIVE:
        return math.inf
    return float(head.units - 1) if head.loss == SPARSE and head.units else 1.0


def _zeros(run: HealthRun, head: Head) -> Iterator[Finding]:
    assert head.target is not None
    zeros = mean(run.data.series("data_zero_fraction", head.target.place))
    if zeros > 0:
        message = f"{percent(zeros)} of the targets of {head.name} are zero, and {PERCENTAGE} divides by them."
        yield _finding(run, head, "error" if suffers(run) else "warning", message, "data_zero_fraction", zeros, 0.0)


def _finding(
    run: HealthRun, head: Head, severity: Severity, message: str, statistic: str, observed: float, limit: float
) -> Finding:
    assert head.target is not None
    return Finding(
        RULE.name,
        severity,
        message,
        tensor=head.target.place,
        **span(run.data.steps),
        statistic=statistic,
        observed=observed,
        limit=limit,
        unit=_noun(head),
    )


def _broken(run: HealthRun, head: Head, margin: float) -> tuple[int, str, float] | None:
    """Returns a step, a statistic and its value, of a smallest or largest label that is no whole number."""
    assert head.target is not None
    for statistic in ("data_min", "data_max"):
        labels = run.data.series(statistic, head.target.place).astype(np.float64)
        for step, label in zip(run.data.steps, labels, strict=True):
            if math.isfinite(label) and abs(label - round(label)) > margin:
                return int(step), statistic, float(label)
    return None


def _expected(head: Head, highest: float) -> str:
    if head.loss == SPARSE:
        return f"{head.place} has the classes 0 to {whole(highest)}"
    if head.loss in NOT_NEGATIVE:
        return f"{head.loss} expects none below 0"
    return f"{head.loss} expects them from 0 to 1"


def _row_sum(run: HealthRun, head: Head) -> float:
    """Returns the mean sum of an example's labels, 0 where it is unknown."""
    if head.target is None or not head.units:
        return 0.0
    total = float(median(run.data.series("data_mean", head.target.place))) * head.units
    return total if math.isfinite(total) else 0.0
