"""The first loss is far above that of a guess.

## What it detects
Models whose loss before the first update is several times that of a constant guess.

## Why it matters
A fresh model should know nothing and be undecided: its loss is then about ln(C) for C classes. One that is decided
and wrong starts with large gradients, and spends its first steps on unlearning: its weights, inputs or targets are
too large.

## How it is decided
The data loss of step 0, before any update, is divided by the best constant prediction's, computed from the labels
seen (see `no-better-than-trivial`). Where step 0 was not sampled there is no verdict. A loss below that of a guess is
no fault: a pretrained model has it, or an easy batch. More than the limit is a warning where nothing is learnt, else
information.

By hand: `model.evaluate(x, y)` before `fit`, beside `np.log(classes)`.

## When it is wrong
A pretrained model is decided on purpose. Regression targets far from zero start high until the last bias has moved.

## What to try
* Normalize the inputs, and the targets of a regression.
* Use Keras' default initializers; make the last layer's initial weights smaller.
* Check that the loss gets what it expects: logits or probabilities.

## References
* 37 reasons why your neural network is not working, 4.2 (look for correct loss "at chance").
* CS231n, Learning: sanity checks before training.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._loss import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import median
from tb_nnhealth.rules._trivial import trivial_loss

RULE = Rule(
    name="initial-loss",
    category="loss",
    title="The first loss is far above that of a guess",
    passing_title="The first loss is about that of a guess",
    needs=("loss",),
    min_samples=1,
    thresholds=(
        Threshold(
            "ratio", 3.0, "ratio", "37 reasons, 4.2: the loss at chance; a usual initialization stays within twice that"
        ),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    trivial = trivial_loss(run)
    starts = [float(v) for v in run.step.series("data_loss", "step")[:1]] if run.step.has("data_loss") else []
    first = float(median(starts)) if starts else math.nan
    if not len(run.step.steps) or run.step.steps[0] != 0 or not math.isfinite(first):
        raise NotJudged("the first step's loss was not measured")
    if not trivial > 0:
        raise NotJudged("the labels do not tell the loss of a constant answer")
    ratio = first / trivial
    if ratio <= limits["ratio"]:
        return
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"The loss starts at {first:.3g}, and a constant answer has {trivial:.3g}.",
        first_step=0,
        last_step=0,
        statistic="loss",
        observed=ratio,
        limit=limits["ratio"],
        unit="ratio",
    )
