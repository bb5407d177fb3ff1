"""Training and validation are equally bad: the model is held back.

## What it detects
Runs under dropout, weight penalties or weight decay that stay near the loss of a constant answer, in training as in
validation.

## Why it matters
There is no overfitting to fight: the regularization keeps the model from learning what it could.

## How it is decided
The late training loss is put in relation to the trivial predictor's. Where it is above the limit, the validation loss
is not above it by much, and the model has dropout, penalties or weight decay, it is a warning; information where an
accuracy is clearly better than the share of the most frequent class (see `no-better-than-trivial`): then noise in the
labels may be what holds it back.

## When it is wrong
Noise in the labels sets a floor that no model gets below. `AdamW` decays by default (0.004), which seldom holds a
model back. Dropout inside of a recurrent or attention layer (`dropout=`) is not seen.

## What to try
* Take dropout, weight decay and augmentation out until the model overfits; then add them back one at a time.
* Make the model wider.
* Train for longer.

## References
* 37 reasons why your neural network is not working, 5.4 (reduce regularization) and 4.9.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._accuracy import better_than_guess
from tb_nnhealth.rules._data_loss import against_trivial, best_over_trivial
from tb_nnhealth.rules._epochs import curve
from tb_nnhealth.rules._loss import loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="underfitting",
    category="loss",
    title="Training and validation are equally bad",
    passing_title="The model is not held back",
    needs=("loss",),
    min_samples=8,
    thresholds=(
        Threshold("loss", 0.8, "ratio", "docs/calibration.md: what is learnt well ends below"),
        Threshold("gap", 1.1, "ratio", "validation within a tenth of training: nothing is learnt by heart"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    regularized = [layer for layer in run.model.layers if (layer.rate or layer.regularized) and not layer.left_out]
    decays = bool((run.model.compile.get("optimizer") or {}).get("weight_decay"))
    if not regularized and not decays:
        raise NotJudged("the model has no regularization")
    losses = loss_curve(run)
    ratio = best_over_trivial(run, losses)
    _, validation = curve(run, "val_loss")
    if math.isnan(ratio) or not len(validation) or not run.finished:
        raise NotJudged("no finished training with a validation loss and known chance was seen")
    gap = float(validation[-1]) / losses.end if losses.end > 0 else math.inf
    if not limits["loss"] < ratio or gap > limits["gap"]:
        return
    yield Finding(
        RULE.name,
        "info" if better_than_guess(run) else "warning",
        f"The loss ends at {percent(ratio)} of a constant answer's, in training as in validation, under "
        "regularization.",
        layer=regularized[0].path if regularized else None,
        **span(losses.steps),
        statistic="loss",
        observed=ratio,
        limit=limits["loss"],
        unit="ratio",
        on_curve=against_trivial(run, limits["loss"]),
        others=tuple(layer.path for layer in regularized[1:]),
    )
