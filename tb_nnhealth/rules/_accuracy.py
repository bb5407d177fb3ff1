"""What an accuracy among Keras' logs tells: whether the answers are better than a guess, whatever the loss says."""

import math
from typing import NamedTuple

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve
from tb_nnhealth.rules._heads import heads
from tb_nnhealth.rules._inputs import examples
from tb_nnhealth.rules._series import class_counts, median, of_present_loss, target_rows
from tb_nnhealth.rules._trivial import is_weighted

ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")
"""As they are named in the logs."""

OF_ELEMENTS = ("BinaryAccuracy", "binary_accuracy")
"""As they are compiled: of several outputs they count each, and read much for an answer of zeros only."""

CLEARLY = 0.2
"""Of what a guess leaves to 1, an accuracy that shows more than the loss does has more than this share: below it a
model of many classes has hardly begun."""

SURE = 5.0
"""Standard errors that chance does not explain."""

HELD = 0.5
"""Of what an accuracy is better than a guess by, a validation keeps this share, or the examples are learnt by heart."""


class Scored(NamedTuple):
    """An accuracy in the last epochs, and that of a guess: the share of the most frequent class."""

    name: str
    accuracy: float
    guess: float


def guess(run: HealthRun) -> float | None:
    """Returns the share of the most frequent class, None where it is not known for a single target."""
    rows = target_rows(run.classes)
    if len(rows) != 1:
        return None
    counts = class_counts(run, rows[0]).sum(axis=0)
    return float(counts.max() / counts.sum()) if counts.sum() > 0 else None


def better_than_guess(run: HealthRun) -> Scored | None:
    """Returns an accuracy that is clearly better than a guess, None where none is, or where that is not known.

    It is so beyond what chance makes of the examples of an epoch, and where a validation has it too, it holds there.
    Weighted examples are left out: the accuracy may have other weights than the counts of the labels.
    """
    run = of_present_loss(run)
    share, count = guess(run), examples(run)
    name = next((name for name in ACCURACIES if len(curve(run, name)[1])), None)
    if share is None or not count or name is None or is_weighted(run) or _counts_elements(run):
        return None
    accuracy, validated = (_at_the_end(run, log) for log in (name, f"val_{name}"))
    gained = accuracy - share
    by_chance = SURE * math.sqrt(share * (1 - share) / count)
    is_better = gained > max(CLEARLY * (1 - share), by_chance) and not validated - share < HELD * gained
    return Scored(name, accuracy, share) if is_better else None


def _at_the_end(run: HealthRun, name: str) -> float:
    """Returns the median of a log's last three values, NaN where there are none."""
    return float(median(curve(run, name)[1][-3:]))


def _counts_elements(run: HealthRun) -> bool:
    """Returns whether an accuracy may count each of several outputs by itself."""
    several = any((head.units or 1) > 1 for head in heads(run))
    return several and any(metric in OF_ELEMENTS for metric in run.model.compile.get("metrics") or ())
