"""The last activation function cannot give the targets.

## What it detects
Outputs whose last activation function has a range (ReLU gives nothing below 0, a sigmoid nothing outside 0 to 1,
tanh nothing outside -1 to 1) that targets lie outside of.

## Why it matters
The loss cannot fall to its floor: for each target out of reach the best that the model can do is to sit at the end
of the range, where the activation is flat and its gradient vanishes.

## How it is decided
The smallest and the largest target of all sampled batches are compared with the range of the last activation
function. What a target exceeds it by is put in relation to the width of the targets: more than the limit is
an error, a warning where something is learnt all the same. Losses that measure no distance (hinge, cosine) are
left out, and cross-entropies, whose labels have a rule of their own.

## When it is wrong
Outliers that no one wants the model to reach may lie outside the range on purpose.

## What to try
* Use a linear output (no activation) for regression.
* Or scale the targets into the range: to 0…1 for a sigmoid, -1…1 for tanh, and the predictions back.
* For positive targets of any size, use `softplus` or `exponential`, or predict the logarithm.

## References
* My neural network isn't working! What should I do?, reason 7 (the activation of the last layer).
* 37 reasons why your neural network is not working, 4.4.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import RANGES, REGRESSION, Head, heads, target_range
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import span

RULE = Rule(
    name="output-range",
    category="definition",
    title="The last activation function cannot give the targets",
    passing_title="The targets lie within the range of the output",
    needs=("data_min", "data_max"),
    min_samples=1,
    thresholds=(
        Threshold("outside", 0.02, "fraction", "a margin for rounding and label smoothing: 2 % of the targets' width"),
    ),
)

LOSSES = (*REGRESSION, "Poisson")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.loss in LOSSES and head.activation is not None]
    if not judged:
        raise NotJudged("no output with a regression loss whose last activation function can be told was seen")
    for head in judged:
        low, high = target_range(run, head)
        outside = _outside(head, low, high)
        if outside <= limits["outside"]:
            continue
        floor, ceiling = RANGES[str(head.activation)]
        upper = number(ceiling) if math.isfinite(ceiling) else "infinity"
        yield Finding(
            RULE.name,
            "error" if suffers(run) else "warning",
            f"{head.place} ends in {head.activation}, which gives {number(floor)} to {upper}, "
            f"and the targets go from {number(low, 4)} to {number(high, 4)}.",
            layer=head.layer.path if head.layer else None,
            tensor=head.target.place if head.target else None,
            **span(run.data.steps),
            statistic="data_max" if high > ceiling else "data_min",
            observed=high if high > ceiling else low,
            limit=ceiling if high > ceiling else floor,
            unit="target",
        )


def _outside(head: Head, low: float, high: float) -> float:
    """Returns how far the targets leave the output's range, as a share of their width; 0 where nothing is known."""
    if head.activation not in RANGES or not math.isfinite(low) or not math.isfinite(high):
        return 0.0
    floor, ceiling = RANGES[head.activation]
    width = max(high - low, abs(low), abs(high))
    return max(floor - low, high - ceiling, 0.0) / width if width > 0 else 0.0
