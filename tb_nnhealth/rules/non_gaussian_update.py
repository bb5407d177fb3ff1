"""The updates of a kernel are concentrated on a few of its weights.

## What it detects
Kernels whose updates are far from bell-shaped, while those of the other kernels are not: a few weights are
changed a lot, and all others hardly at all.

## Why it matters
The norm of the update, and with it the learning rate that can be borne, is decided by those few weights. The others
learn too slowly. The usual cause is an input on another scale than the rest.

## How it is decided
The excess kurtosis of each kernel's update is taken, 0 for a normal distribution, at the steps at which the optimizer
acted: the median over the first half of them or over the last, whichever is smaller, for near the floor of the loss
few examples move the weights. The largest one counts where it is above the limit and above a multiple of the median
of the other kernels'. It is a warning where nothing is learnt, else information. Kernels of fewer than 256 weights
are left out, and models with fewer than three such kernels.

## When it is wrong
Inputs that are mostly zero (bags of words, rare categories) give updates to a few rows only, and that is right.

## What to try
* Look at the inputs of that layer: standardize each feature by itself.
* Use Adam, which brings the gradients of all weights to one scale.
* Clip the gradient, where single batches cause it.

## References
* 37 reasons why your neural network is not working, 5.7: monitor the updates of each layer, and look for those with a
  non-Gaussian distribution.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, Rule, Threshold
from tb_nnhealth.rules._series import applied, late, span
from tb_nnhealth.rules._shape import kurtoses, outlier

RULE = Rule(
    name="non-gaussian-update",
    category="updates",
    title="The updates of a kernel are concentrated on a few weights",
    passing_title="The updates of each kernel are spread over its weights",
    needs=("update_kurtosis",),
    min_samples=8,
    thresholds=(
        Threshold("kurtosis", 30.0, "", "ten times that of a Laplace distribution, whose tails are heavy already"),
        Threshold("peers", 5.0, "ratio", "the kernels of healthy networks lie within a factor of a few"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    table = run.variables
    acted = np.flatnonzero(applied(run, table))
    is_late = late(table.steps[acted])
    variables, values = kurtoses(run, "update_kurtosis", acted[is_late], acted[~is_late])
    worst = outlier(values, limits["kurtosis"], limits["peers"])
    if worst is None:
        return
    variable, value = variables[worst], float(values[worst])
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"Few weights of {variable.path} take most of its update: the excess kurtosis is {number(value)}.",
        layer=variable.layer,
        variable=variable.path,
        **span(table.steps[acted[0] :]),
        statistic="update_kurtosis",
        observed=value,
        limit=limits["kurtosis"],
        unit="",
    )
