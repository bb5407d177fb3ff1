"""Regression targets are far from unit scale.

## What it detects
Targets of a squared loss whose standard deviation, or mean, is far from unit scale.

## Why it matters
The gradient of a squared error is as large as the error: targets in the hundreds give first gradients in the
hundreds, under which the first steps kill units or diverge; tiny targets are reached by predicting nothing.

## How it is decided
The median of the targets' standard deviation over all sampled batches is compared with the limits; a mean far from
zero counts by itself, too, because the last bias must first travel there. While something is learnt it is
information; else a warning.

By hand: `y.mean(), y.std()`.

## When it is wrong
An optimizer with a step size of its own (Adam) copes with large targets, given time.

## What to try
* Standardize the targets (subtract the mean, divide by the standard deviation) and undo it on the predictions.
* For targets over several orders of magnitude, predict their logarithm.
* Start the last bias at the targets' mean.
* Clip the gradient (`clipnorm=1.0`), or use `Huber` where outliers make the scale.

## References
* My neural network isn't working! What should I do?, reasons 1 and 7.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import SQUARED, Head
from tb_nnhealth.rules._inputs import heads_with, is_outside, of_data, spread
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="target-scale",
    category="data",
    title="Regression targets are far from unit scale",
    passing_title="Regression targets are about of unit scale",
    needs=("data_mean", "data_std"),
    min_samples=1,
    thresholds=(
        Threshold("low_std", 0.01, "", "a squared error of 1e-4 is near the floor from the start"),
        Threshold("high_std", 10.0, "", "an order of magnitude above what the output's initialization gives"),
        Threshold("mean", 10.0, "", "the same, for the way that the last bias has to go"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = list(heads_with(run, SQUARED))
    if not judged:
        raise NotJudged("no target of a squared loss was measured")
    yield from (finding for head in judged if (finding := _judge(run, head, limits)))


def _judge(run: HealthRun, head: Head, limits: Limits) -> Finding | None:
    assert head.target is not None
    mean, std = of_data(run, "data_mean", head.target.place), spread(run, head.target.place)
    if is_outside(std, limits["low_std"], limits["high_std"]):
        limit = limits["high_std" if std > limits["high_std"] else "low_std"]
        statistic, observed = "data_std", std
    elif is_outside(mean, -limits["mean"], limits["mean"]):
        statistic, observed, limit = "data_mean", mean, limits["mean"]
    else:
        return None
    return Finding(
        RULE.name,
        severity_of_symptom(run),
        f"The targets of {head.name} have a mean of {number(mean)} and a standard deviation of {number(std)}.",
        layer=head.layer.path if head.layer else None,
        tensor=head.target.place,
        **span(run.data.steps),
        statistic=statistic,
        observed=observed,
        limit=limit,
        unit="",
    )
