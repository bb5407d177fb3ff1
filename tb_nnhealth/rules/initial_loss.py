"""The first loss is far above that of a guess.

## What it detects
Models whose loss before the first update is several times that of a constant guess.

## Why it matters
A fresh model should know nothing and be undecided: its loss is then about ln(C) for C classes. One that is decided
and wrong starts with large gradients, and spends its first steps on unlearning: its weights, inputs or targets are
too large.

## How it is decided
The data loss of step 0, before any update, is divided by that of a guess: the best constant prediction's, computed
from the labels seen (see `no-better-than-trivial`), or that of giving each class the same probability, if it is
larger, as it is where some classes are rare. Where step 0 was not sampled there is no verdict. A loss below that of a
guess is no fault: a pretrained model has it, or an easy batch. More than the limit is a warning where nothing is
learnt, else information; a classification that starts beyond the second limit is told by a warning whatever is learnt
later, unless its inputs are not normalized: `unnormalized-input` says so then.

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

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules import unnormalized_input
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import median
from tb_nnhealth.rules._trivial import trivial_loss, undecided_loss

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
        Threshold(
            "far",
            10.0,
            "ratio",
            "docs/calibration.md: healthy ones of normalized inputs start at 4.5",
        ),
    ),
    consults=(unnormalized_input.RULE,),
)


def check(run: HealthRun, limits: Limits, unnormalized: Limits) -> Iterator[Finding]:
    trivial = trivial_loss(run)
    starts = [float(v) for v in run.step.series("data_loss", "step")[:1]] if run.step.has("data_loss") else []
    first = float(median(starts)) if starts else math.nan
    if not len(run.step.steps) or run.step.steps[0] != 0 or not math.isfinite(first):
        raise NotJudged("the first step's loss was not measured")
    if not trivial > 0:
        raise NotJudged("the labels do not tell the loss of a constant answer")
    undecided = undecided_loss(run)
    guess = float(np.fmax(trivial, undecided))
    ratio = first / guess
    if ratio <= limits["ratio"]:
        return
    is_far = math.isfinite(undecided) and ratio > limits["far"] and not _has_odd_inputs(run, unnormalized)
    limit = limits["far" if is_far else "ratio"]
    yield Finding(
        RULE.name,
        "warning" if is_far else severity_of_symptom(run),
        f"The loss of step 0 is {number(first)}, and that of a guess is {number(guess)}.",
        first_step=0,
        last_step=0,
        statistic="loss",
        observed=ratio,
        limit=limit,
        unit="ratio",
        on_curve=OnCurve("data_loss", first, limit * guess),
    )


def _has_odd_inputs(run: HealthRun, limits: Limits) -> bool:
    try:
        return any(True for _ in unnormalized_input.check(run, limits))
    except NotJudged:
        return False
