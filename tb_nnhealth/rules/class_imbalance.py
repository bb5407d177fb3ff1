"""Some classes are seen far more often than others.

## What it detects
Classifications in which the most frequent class comes many times as often as the rarest.

## Why it matters
A model that always says the frequent class is nearly always right, so that the loss and the accuracy look good while
the rare classes are never predicted.

## How it is decided
The class counts of all sampled batches are added up. The ratio of the most frequent to the rarest class that was seen
is compared with the limit, once enough examples were counted to expect some of the rarest. It is information while
something is learnt that holds for other examples; else a warning. It is one as well where nothing but the most
frequent class was predicted in the last half of the training. A preflight counts few examples: what is judged of it is
the lower end of the ratio's confidence interval.

By hand: `np.bincount(y)`, for class numbers.

## When it is wrong
Rare events are rare: a ratio that is that of the world may be what the model has to learn. `class_weight` does not
change the counts: the ratio is told as before.

## What to try
* Weigh the classes: `fit(class_weight=…)` with the inverse of their frequencies.
* Sample rare classes more often (`tf.data.Dataset.sample_from_datasets`), or augment them.
* Judge by precision and recall or the area under the curve, not by accuracy.
* Start the last bias at the logarithm of the class frequencies; that of a single sigmoid at ln(p ÷ (1 − p)).

## References
* 37 reasons why your neural network is not working, 2.8 (reduce class imbalance).
* Troubleshooting CNNs, other advice.
* Wilson, E. (1927), Probable Inference, the Law of Succession, and Statistical Inference, JASA 22.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import Floats, class_counts, late, span, target_rows

RULE = Rule(
    name="class-imbalance",
    category="data",
    title="Some classes are seen far more often than others",
    passing_title="The classes are seen about equally often",
    thresholds=(
        Threshold("warning", 10.0, "ratio", "our choice (37 reasons, 2.8, names 1000 : 1)"),
        Threshold("examples", 20.0, "examples", "as many of a class must be expected before it is called rare"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = False
    for row in target_rows(run.classes):
        counts = class_counts(run, row).sum(axis=0)
        if np.count_nonzero(counts) < 2 or counts.sum() / len(counts) < limits["examples"]:
            continue
        judged = True
        rarest = counts[counts > 0].min()
        ratio = float(counts.max() / rarest)
        least = _at_least(float(counts.max()), float(rarest)) if run.untrained else ratio
        if least <= limits["warning"]:
            continue
        frequent, name = int(counts.argmax()), row.removeprefix("target/")
        alone = _is_predicted_alone(run, f"prediction/{name}", frequent)
        yield Finding(
            RULE.name,
            "warning" if alone else severity_of_symptom(run),
            f"Class {frequent} of {name} comes {number(ratio)} times as often as "
            f"class {int(np.flatnonzero(counts == rarest)[0])}"
            f"{_how_sure(counts, least) if run.untrained else ''}"
            f"{', and nothing else was predicted in the last half of the training' if alone else ''}.",
            tensor=row,
            **span(run.classes.steps),
            statistic="data_mean" if _is_share(run, row) else None,
            observed=least,
            limit=limits["warning"],
            unit="ratio",
        )
    if not judged:
        raise NotJudged("too few labels of several classes were counted")


def _at_least(frequent: float, rare: float) -> float:
    """Returns the ratio that two counts speak for at least: the lower end of Wilson's interval of 95 %."""
    n, z = frequent + rare, 1.96
    share = rare / n
    middle, away = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    highest = (middle + away) / (1 + z**2 / n)
    return (1 - highest) / highest


def _how_sure(counts: Floats, least: float) -> str:
    return (
        f" in the {whole(counts.sum())} examples of the first steps, which tells of at least {number(least, 2)} times"
    )


def _is_predicted_alone(run: HealthRun, row: str, index: int) -> bool:
    """Returns whether all predictions in the last half of the training were of one class."""
    if row not in run.classes.rows:
        return False
    counts = class_counts(run, row)[late(run.classes.steps)].sum(axis=0)
    return bool(counts[index] == counts.sum() > 0)


def _is_share(run: HealthRun, row: str) -> bool:
    """Returns whether a target's mean is the share of one of two classes: its labels are no one-hot rows."""
    shapes = [tensor.shape for tensor in run.model.tensors("target") if tensor.place == row]
    return len(run.classes.columns) == 2 and all(shape[-1:] != (2,) for shape in shapes)
