"""The loss falls, but the metric stays where it was.

## What it detects
Classifications whose loss falls far while the accuracy stays at that of a guess.

## Why it matters
The loss and the predictions do not speak of the same thing: a softmax over one unit, a metric of the wrong kind, a
loss that falls because of its regularization. The curve looks like success.

## How it is decided
Keras' accuracy at the epochs' ends is compared with the share of the most frequent class among the labels seen. Where
the loss has lost more than the limit and the accuracy was never better than that, it is an error. A loss that has only
come down to that of a constant answer agrees with such an accuracy, and is left to `no-better-than-trivial`.

## When it is wrong
A model of rare events may lower its loss by better probabilities and still call every example negative.

## What to try
* Check the last activation function: one sigmoid unit for two classes, never a softmax over one unit.
* Give `metrics=["accuracy"]` as a string, which Keras fits to loss and labels.
* Look at a few predictions beside their labels.

## References
* 37 reasons why your neural network is not working, 4.6 (monitor other metrics).
* Debugging tips for neural networks, on the outputs.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve
from tb_nnhealth.rules._loss import BETTER_THAN_TRIVIAL, end_of_data_loss, loss_curve, trivial_loss
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import class_counts, target_rows

RULE = Rule(
    name="metric-disagrees",
    category="loss",
    title="The loss falls, but the metric stays where it was",
    passing_title="The metric follows the loss",
    thresholds=(
        Threshold("fell", 0.5, "fraction", "a loss that halved has learnt what a metric must show"),
        Threshold("above", 0.05, "fraction", "chance within a few per cent"),
        Threshold("epochs", 3.0, "epochs", "fewer show no trend"),
    ),
)

ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    name = next((n for n in ACCURACIES if len(curve(run, n)[1]) >= limits["epochs"]), None)
    chance = _chance(run)
    if name is None or chance is None:
        raise NotJudged("no accuracy of a few epochs with counted labels was logged")
    steps, values = curve(run, name)
    fell = loss_curve(run).fell
    best = float(values.max())
    if fell <= limits["fell"] or best > chance + limits["above"] * (1 - chance) or _ends_at_chance(run):
        return
    yield Finding(
        RULE.name,
        "error",
        f"The loss fell by {fell:.0%}, and {name} is {values[-1]:.1%}: always saying the most frequent class gives "
        f"{chance:.1%}.",
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        observed=best,
        limit=chance,
        unit="accuracy",
    )


def _ends_at_chance(run: HealthRun) -> bool:
    """Returns whether the loss, too, ends at that of a constant answer or above: then the two agree."""
    return end_of_data_loss(run, loss_curve(run)) >= BETTER_THAN_TRIVIAL * trivial_loss(run)


def _chance(run: HealthRun) -> float | None:
    """Returns the share of the most frequent class, None where it is not known for a single target."""
    rows = target_rows(run.classes)
    if len(rows) != 1:
        return None
    counts = class_counts(run, rows[0]).sum(axis=0)
    return float(counts.max() / counts.sum()) if counts.sum() > 0 else None
