"""Mixed precision keeps skipping steps.

## What it detects
Trainings with a dynamic loss scale that skip many steps, or whose scale has fallen to its floor.

## Why it matters
A skipped step is one for nothing. The scale is halved each time a gradient overflows; at 1 it protects nothing any
more, and gradients that are too small for float16 become zero.

## How it is decided
The share of the sampled steps of the last half that were skipped is compared with the limit; a scale of 1 or below at
the end counts too. Both are warnings, and an error where no sampled late step was applied.

## When it is wrong
In a very short training the last half may still be the search for the scale.

## What to try
* Find out where the overflow comes from: the sample's NaN and Inf counts name the layer.
* Use `mixed_bfloat16`, whose range is that of float32.
* Keep softmax, norms and the loss in float32.
* Lower the learning rate, and clip the gradient.

## References
* Micikevicius et al. (2018), Mixed precision training, section 3.2.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number, percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import late, span

RULE = Rule(
    name="loss-scale-collapse",
    category="numerics",
    title="Mixed precision keeps skipping steps",
    passing_title="Mixed precision skips hardly any steps",
    needs=("loss_scale", "step_skipped"),
    min_samples=8,
    absent="the loss is not scaled",
    thresholds=(
        Threshold(
            "skipped", 0.1, "fraction", "Keras doubles the scale every 2000 steps: about one step in 2000 is skipped"
        ),
        Threshold("scale", 1.0, "", "Micikevicius et al. (2018): a scale of 1 is none"),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if not (run.model.compile.get("optimizer") or {}).get("loss_scaled"):
        raise NotJudged("the loss is not scaled")
    window = late(run.step.steps)
    skipped = float(np.nanmean(run.step.series("step_skipped", "step")[window]))
    scale = run.step.last("loss_scale", "step")
    if skipped <= limits["skipped"] and not scale <= limits["scale"]:
        return
    severity: Severity = "error" if skipped == 1.0 else "warning"
    yield Finding(
        RULE.name,
        severity,
        f"{percent(skipped)} of the late sampled steps were skipped, and the loss scale is {number(scale)}.",
        **span(run.step.steps[window]),
        statistic="step_skipped",
        observed=skipped,
        limit=limits["skipped"],
        unit="fraction",
    )
