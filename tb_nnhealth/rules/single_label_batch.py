"""Batches do not mix the classes.

## What it detects
Classifications of which most batches hold examples of one class, while others hold other classes, or whose batches
differ in their classes by far more than chance makes them: data that is sorted by label and not shuffled, or shuffled
in a buffer that is much smaller than the data.

## Why it matters
Each batch pulls the model towards its own class and undoes what the one before did. Batch normalization measures
one class at a time, and the loss jumps from batch to batch.

## How it is decided
The class counts of the sampled batches with at least as many examples as the limit says are looked at. Where more of
them than the limit hold a single class, and more than one class was seen in all, it is an error; a warning where
something is learnt all the same. So it is where the counts of the classes differ from batch to batch by more than the
second limit times what they do in shuffled batches: the squared differences from what a batch of its size has on
average, each divided by that, have a mean of one then (Pearson's chi-squared statistic ÷ its degrees of freedom). That
is judged of examples with one label each.

## When it is wrong
Rare classes: with one positive in a hundred most batches are negative by chance. Where a shuffled batch of the usual
size would hold one class in more than one of twenty cases, nothing is said. Examples that come in groups on purpose,
such as the frames of a film, are no independent ones.

## What to try
* Shuffle: `fit(shuffle=True)` does it for arrays, not for a generator or a `tf.data.Dataset`.
* `dataset.shuffle(buffer_size)` before `batch`, with a buffer as large as the data, or shuffle the files first.

## References
* 37 reasons why your neural network is not working, 2.7 (shuffle) and 2.10.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import Floats, class_counts, has_one_label_each, span, target_rows

RULE = Rule(
    name="single-label-batch",
    category="data",
    title="Batches do not mix the classes",
    passing_title="Batches mix the classes",
    thresholds=(
        Threshold("share", 0.5, "fraction", "our choice: most batches"),
        Threshold("differ", 5.0, "ratio", "docs/calibration.md: 1.7 at most of shuffled batches"),
        Threshold("examples", 4.0, "examples", "smaller batches hold one class by chance"),
        Threshold("chance", 0.05, "probability", "how often a batch may hold its class alone by chance"),
        Threshold("batches", 4.0, "batches", "fewer sampled batches tell no order"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    rows = target_rows(run.classes)
    judged = False
    for row in rows:
        counts = class_counts(run, row)
        counts = counts[counts.sum(axis=1) >= limits["examples"]]
        if len(counts) < limits["batches"] or np.count_nonzero(counts.sum(axis=0)) < 2:
            continue
        judged = True
        share = float(((counts > 0).sum(axis=1) == 1).mean())
        name = row.removeprefix("target/")
        if share > limits["share"] and _by_chance(counts) <= limits["chance"]:
            told = f"{percent(share)} of the sampled batches of {name} hold a single class."
            yield _finding(run, row, told, share, limits["share"], "of the batches")
        elif has_one_label_each(run, counts) and (ratio := _differ(counts)) > limits["differ"]:
            told = (
                f"The classes of {name} differ from batch to batch {number(ratio)} times as much as in shuffled ones."
            )
            yield _finding(run, row, told, ratio, limits["differ"], "ratio")
    if not judged:
        raise NotJudged("no batches with several examples of several classes were counted")


def _by_chance(counts: Floats) -> float:
    """Returns the probability that a shuffled batch of the median size holds the most frequent class alone."""
    total = counts.sum(axis=0)
    return float((total.max() / total.sum()) ** np.median(counts.sum(axis=1)))


def _differ(counts: Floats) -> float:
    """Returns Pearson's chi-squared statistic of the classes' counts `[batches, classes]` ÷ its degrees of freedom."""
    seen = counts[:, counts.sum(axis=0) > 0]
    expected = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    return float(((seen - expected) ** 2 / expected).sum() / ((len(seen) - 1) * (seen.shape[1] - 1)))


def _finding(run: HealthRun, row: str, message: str, observed: float, limit: float, unit: str) -> Finding:
    return Finding(
        RULE.name,
        "error" if suffers(run) else "warning",
        message,
        tensor=row,
        **span(run.classes.steps),
        statistic="feature_std_max",
        observed=observed,
        limit=limit,
        unit=unit,
    )
