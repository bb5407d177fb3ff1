"""Training improves while validation gets worse.

## What it detects
Trainings whose validation loss has turned around: it rises from its best epoch on, while the training loss still falls.

## Why it matters
From the best epoch on the model learns the training examples by heart. What it is good for gets worse.

## How it is decided
The validation losses of the epochs are smoothed by medians of three. The last of them is compared with the best
before; the rise must exceed the limit, must have lasted for some validations, and the training loss must have fallen
meanwhile. It must also lose some of what the best validation had gained over a constant answer (over the start, where
that is not known): a loss that rises from 0.001 to 0.01 is as good as it was. A large rise is a warning, a smaller
one information: training on was useless, and the best epoch is known. Where even that is far worse than a constant
answer, the validation data is not like that of the training: that is left to `no-better-than-trivial`.

## When it is wrong
A validation set of a few examples jumps about by chance.

## What to try
* Stop there: `EarlyStopping(patience=5, restore_best_weights=True)`.
* Get more data, or augment what there is.
* Add dropout, weight decay or a smaller model.
* Make sure that validation data went through the same preprocessing.

## References
* Troubleshooting CNNs, on overfitting.
* 37 reasons why your neural network is not working, 3.2 and 3.4.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve, smoothed
from tb_nnhealth.rules._learning import validation_is_unlike
from tb_nnhealth.rules._loss import loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Severity, Threshold
from tb_nnhealth.rules._series import span
from tb_nnhealth.rules._trivial import trivial_loss

RULE = Rule(
    name="overfitting",
    category="loss",
    title="Training improves while validation gets worse",
    passing_title="Validation improves with training",
    thresholds=(
        Threshold("info", 0.1, "fraction", "a tenth above the best is beyond what validations usually vary by"),
        Threshold("warning", 0.5, "fraction", "half as much again as the best: most of what was learnt is lost"),
        Threshold("lost", 0.05, "fraction", "docs/calibration.md: healthy trainings lose 0.046, sick ones 0.069"),
        Threshold("validations", 3.0, "validations", "Troubleshooting CNNs: the gap grows, it does not jump"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    steps, losses = curve(run, "val_loss")
    if len(losses) < limits["validations"] + 2:
        raise NotJudged(f"a turn takes more validations than the {len(losses)} that were seen")
    smooth = smoothed(losses)
    best, rise = turn(run, limits)
    if rise <= limits["info"] or validation_is_unlike(run):
        return
    severity: Severity = "warning" if rise > limits["warning"] else "info"
    limit = limits[severity]
    yield Finding(
        RULE.name,
        severity,
        f"The validation loss was best at step {whole(steps[best])}, and has risen from {number(smooth[best])} to "
        f"{number(smooth[-1])} since (running medians of 3 epochs), while the training loss fell.",
        **span(steps[best:]),
        observed=float(rise),
        limit=limit,
        unit="fraction",
        on_curve=OnCurve("epoch/val_loss", float(smooth[-1]), float(smooth[best] + limit * abs(smooth[best]))),
    )


def turn(run: HealthRun, limits: Limits) -> tuple[int, float]:
    """Returns the best validation's index, and by what share of it the loss has risen since: 0 where it has not
    turned, only just turned, lost hardly any of what it had gained, or the training loss has not fallen meanwhile."""
    (steps, losses), (trained, training) = curve(run, "val_loss"), curve(run, "loss")
    validation = smoothed(losses)
    if not len(validation):
        return 0, 0.0
    best = int(np.argmin(validation))
    meanwhile = np.interp(steps, trained, smoothed(training)) if len(trained) else steps
    falls = bool(len(trained)) and meanwhile[-1] < meanwhile[best]
    if not falls or len(validation) - 1 - best < limits["validations"]:
        return best, 0.0
    rise = float(validation[-1] - validation[best])
    if rise <= limits["lost"] * (_of_no_gain(run) - validation[best]):
        return best, 0.0
    return best, rise / max(abs(float(validation[best])), 1e-12)


def _of_no_gain(run: HealthRun) -> float:
    """Returns the loss of the best constant answer, of the start where the labels do not tell it."""
    trivial = trivial_loss(run)
    return trivial if trivial > 0 else loss_curve(run).start
