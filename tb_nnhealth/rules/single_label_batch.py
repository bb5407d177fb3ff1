"""Batches hold one class only.

## What it detects
Classifications of which most batches hold examples of one class, while others hold other classes: data that is sorted
by label and not shuffled.

## Why it matters
Each batch pulls the model towards its own class and undoes what the one before did. Batch normalization measures
one class at a time, and the loss jumps from batch to batch.

## How it is decided
The class counts of the sampled batches with at least as many examples as the limit says are looked at. Where more of
them than the limit hold a single class, and more than one class was seen in all, it is an error; a warning where
something is learnt all the same.

## When it is wrong
Rare classes: with one positive in a hundred most batches are negative by chance. Where a shuffled batch of the usual
size would hold one class in more than one of twenty cases, nothing is said.

## What to try
* Shuffle: `fit(shuffle=True)` does it for arrays, not for a generator or a `tf.data.Dataset`.
* `dataset.shuffle(buffer_size)` before `batch`, with a buffer as large as the data, or shuffle the files first.

## References
* 37 reasons why your neural network is not working, 2.7 (shuffle) and 2.10.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._loss import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import class_counts, span, target_rows

RULE = Rule(
    name="single-label-batch",
    category="data",
    title="Batches hold one class only",
    passing_title="Batches mix the classes",
    thresholds=(
        Threshold("share", 0.5, "fraction", "our choice: most batches"),
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
        if share <= limits["share"] or _by_chance(counts) > limits["chance"]:
            continue
        yield Finding(
            RULE.name,
            "error" if suffers(run) else "warning",
            f"{share:.0%} of the sampled batches of {row.removeprefix('target/')} hold a single class.",
            **span(run.classes.steps),
            statistic="feature_std_max",
            observed=share,
            limit=limits["share"],
            unit="of the batches",
        )
    if not judged:
        raise NotJudged("no batches with several examples of several classes were counted")


def _by_chance(counts: np.ndarray) -> float:
    """Returns the probability that a shuffled batch of the median size holds the most frequent class alone."""
    total = counts.sum(axis=0)
    return float((total.max() / total.sum()) ** np.median(counts.sum(axis=1)))
