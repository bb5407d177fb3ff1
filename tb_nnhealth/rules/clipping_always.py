"""Clipping acts on nearly every step.

## What it detects
Trainings in which gradient clipping takes something away at most of the sampled steps.

## Why it matters
Clipping is for rare spikes. Where it always acts the step's size is the clip value's doing, whatever the gradient
says: it hides a learning rate that is too high, or data that is not normalized.

## How it is decided
The share of the sampled steps at which the norm after clipping is clearly below the norm before is compared with the
limit. It is information where something is learnt; a warning where nothing is, and where it takes away nearly the
whole norm and the loss ends above 80 % of a constant answer's (of its start, where that is not known).

## When it is wrong
Transformers and recurrent networks are often trained with a tight clip norm on purpose: Pascanu et al. (2013) found
that thresholds down to half of the mean norm train well.

## What to try
* Lower the learning rate by a factor of 10, and raise the clip value.
* Normalize inputs and targets.
* Look at the gradient norm's curve: clip at about its 90th percentile.

## References
* My neural network isn't working! What should I do?, reason 6.
* Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, section 3.2.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import learnt_little, severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="clipping-always",
    category="gradients",
    title="Clipping acts on nearly every step",
    passing_title="Clipping acts on rare steps only",
    needs=("clipped_fraction",),
    min_samples=8,
    absent="gradients are not clipped",
    thresholds=(
        Threshold(
            "steps",
            0.5,
            "fraction",
            "more often than not; Pascanu et al. (2013) clip at half to ten times the average norm",
        ),
        Threshold("clipped", 0.1, "fraction", "less than a tenth of the norm changes little"),
        Threshold("nearly", 0.9, "fraction", "our choice: the steps are a tenth of what the learning rate was set for"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    optimizer = run.model.compile.get("optimizer") or {}
    if not any(optimizer.get(name) for name in ("clipnorm", "global_clipnorm", "clipvalue")):
        raise NotJudged("the optimizer does not clip")
    clipped = run.step.series("clipped_fraction", "step")
    clipped = clipped[~np.isnan(clipped)]
    share = float((clipped > limits["clipped"]).mean())
    if share <= limits["steps"]:
        return
    taken = float(np.median(clipped))
    holds_back = taken > limits["nearly"] and learnt_little(run)
    yield Finding(
        RULE.name,
        "warning" if holds_back else severity_of_symptom(run),
        f"Clipping takes away {percent(taken)} of the gradient's norm, at {percent(share)} of the sampled steps.",
        **span(run.step.steps),
        statistic="clipped_fraction",
        observed=share,
        limit=limits["steps"],
        unit="fraction",
    )
