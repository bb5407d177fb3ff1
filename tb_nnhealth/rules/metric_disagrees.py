"""The loss falls, but the metric does not follow.

## What it detects
Classifications whose loss falls far while the accuracy stays at that of a guess, and metrics that move the wrong way
while the loss falls.

## Why it matters
The loss and the predictions do not speak of the same thing: a softmax over one unit, a metric of the wrong kind, a
loss that falls because of its regularization. The curve looks like success.

## How it is decided
Keras' accuracy at the epochs' ends is compared with the share of the most frequent class among the labels seen. Where
the loss has lost more than the limit and the accuracy was never clearly better than that (by `above` of what is
missing to 1), in three epochs or more, it is an error. A loss that has only come down to that of a constant answer
agrees with such an accuracy, and is left to `no-better-than-trivial`.

The wrong way is known of accuracies, which are to rise, and of mean absolute and squared errors, which are to fall. The
best of the epochs' values, smoothed by medians of three, is compared with the median of the last third of them. Where
more than half of what an accuracy had above a guess is lost, or an error has doubled, and the mean loss has halved from
the best epoch to that third, it is a warning. Of a loss of one's own the labels are not counted: a guess is taken to
be 0, and the third of three epochs is the last of them, as such a loss of the wrong sign spoils the accuracy at once.
Weighted examples are left out: their loss may give up accuracy for rare classes on purpose.

By hand, for class numbers: `p = np.bincount(y) / len(y)`, then `-(p[p > 0] * np.log(p[p > 0])).sum()` is the loss and
`p.max()` the accuracy of a constant answer; for a regression `y.var()` is the squared error.

## When it is wrong
A model of rare events may lower its loss by better probabilities and still call every example negative. A loss of one's
own may ask for something else than the metric.

## What to try
* Check the last activation function: one sigmoid unit for two classes, never a softmax over one unit.
* Give `metrics=["accuracy"]` as a string, which Keras fits to the shapes of labels and predictions.
* Look at a few predictions beside their labels.
* Check the sign of a loss of your own: Keras lowers it.

## References
* 37 reasons why your neural network is not working, 4.6 (monitor other metrics).
* Debugging tips for neural networks, on the outputs.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tb_nnhealth.numbers import number, percent, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._accuracy import ACCURACIES, guess
from tb_nnhealth.rules._data_loss import end_of_data_loss
from tb_nnhealth.rules._epochs import curve, smoothed
from tb_nnhealth.rules._heads import KERAS_OWN, heads
from tb_nnhealth.rules._learning import BETTER_THAN_TRIVIAL
from tb_nnhealth.rules._loss import loss_curve, relative_drop
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import Floats, median, of_present_loss, span
from tb_nnhealth.rules._trivial import is_weighted, trivial_loss

RULE = Rule(
    name="metric-disagrees",
    category="loss",
    title="The loss falls, but the metric does not follow",
    passing_title="The metric follows the loss",
    thresholds=(
        Threshold("fell", 0.5, "fraction", "a loss that halved has learnt what a metric must show"),
        Threshold("above", 0.05, "fraction", "chance within a few per cent"),
        Threshold("lost", 0.5, "fraction", "a choice: half of what the metric had gained, as the loss has to halve"),
        Threshold("epochs", 3.0, "epochs", "fewer show no trend"),
    ),
)

ERRORS = ("mae", "mse", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error")
"""Metrics that are to fall."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    name = next((n for n in ACCURACIES if len(curve(run, n)[1]) >= limits["epochs"]), None)
    chance = guess(run)
    shortest = {n: 1 if n in ACCURACIES and _is_own(run) else int(limits["epochs"]) for n in (*ACCURACIES, *ERRORS)}
    lengths = {n: max(limits["epochs"], short + 1) for n, short in shortest.items()}
    courses = {n: c for n, length in lengths.items() if len((c := _course(run, n)).steps) >= length}
    if not courses and (name is None or chance is None):
        raise NotJudged("no accuracy or error of a few epochs beside their losses was logged")
    if is_weighted(run):
        return
    if name is not None and chance is not None:
        yield from _stays(run, limits, name, chance)
    if courses:
        backwards = (_goes_back(n, course, limits, chance or 0.0, shortest[n]) for n, course in courses.items())
        yield from [finding for finding in backwards if finding][:1]


def _stays(run: HealthRun, limits: Limits, name: str, chance: float) -> Iterator[Finding]:
    """Yields the finding where an accuracy was never better than a guess, and the loss is."""
    steps, values = curve(run, name)
    fell = loss_curve(run).fell
    best = float(values.max())
    if fell <= limits["fell"] or best > chance + limits["above"] * (1 - chance) or _ends_at_chance(run):
        return
    yield Finding(
        RULE.name,
        "error",
        f"The loss fell by {percent(fell)}, and {name} is {number(values[-1])}: always saying the most frequent "
        "class gives "
        f"{number(chance)}.",
        **span(steps),
        statistic=f"metric/{name}",
        observed=best,
        limit=chance,
        unit="accuracy",
    )


def _is_own(run: HealthRun) -> bool:
    """Returns whether all losses are of the user's own, or others whose labels are not counted."""
    losses = [head.loss for head in heads(run)]
    return bool(losses) and not any(loss in KERAS_OWN for loss in losses)


class _Course(NamedTuple):
    """The ends of the epochs that have both, and the values of a metric and of the mean loss there."""

    steps: Floats
    values: Floats
    losses: Floats


def _course(run: HealthRun, name: str) -> _Course:
    run = of_present_loss(run)
    (steps, values), (ends, losses) = curve(run, name), curve(run, "loss")
    both, at, of = np.intersect1d(steps, ends, return_indices=True)
    return _Course(both, values[at], losses[of])


def _goes_back(name: str, course: _Course, limits: Limits, chance: float, shortest: int) -> Finding | None:
    """Returns the finding where a metric has become much worse since its best epoch, and the loss much better.

    Args:
      name, course, limits: the metric's name, its values beside the losses, and the limits in force.
      chance: the accuracy of a guess, 0 where it is not known.
      shortest: how many epochs its last third has at least.
    """
    smooth = smoothed(course.values)
    window = max(shortest, len(smooth) // 3)
    rises = name in ACCURACIES
    best = int(smooth.argmax() if rises else smooth.argmin())
    if best >= len(smooth) - window:
        return None
    before, after = float(smooth[best]), float(median(course.values[-window:]))
    had = before - chance
    if rises and had <= limits["above"] * (1 - chance):
        return None
    lost = (before - after) / had if rises else relative_drop(after, before)
    fell = relative_drop(float(smoothed(course.losses)[best]), float(median(course.losses[-window:])))
    if lost <= limits["lost"] or fell <= limits["fell"]:
        return None
    first, last = int(course.steps[best]), int(course.steps[-1])
    return Finding(
        RULE.name,
        "warning",
        f"From step {whole(first)} to step {whole(last)} the loss fell by {percent(fell)}, and {name} went the "
        "wrong way, from "
        f"{number(before)} to {number(after)}.",
        first_step=first,
        last_step=last,
        statistic=f"metric/{name}",
        observed=lost,
        limit=limits["lost"],
        unit="fraction",
    )


def _ends_at_chance(run: HealthRun) -> bool:
    """Returns whether the loss, too, ends at that of a constant answer or above: then the two agree."""
    return end_of_data_loss(run, loss_curve(run)) >= BETTER_THAN_TRIVIAL * trivial_loss(run)
