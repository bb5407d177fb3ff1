"""Inputs are far from zero mean and unit variance.

## What it detects
Inputs whose mean is far from zero, or whose standard deviation is far from one: grey levels of 0 to 255 that are fed
as they are, numbers in thousands, pixels that were divided by 255 twice before they reach the model.

## Why it matters
Initializers are made for inputs of about unit scale. Larger ones make activations and gradients larger by the same
factor, so that a learning rate that is right for others is much too high; smaller ones vanish behind the biases.

## How it is decided
The median over all sampled batches of each input's mean and standard deviation is compared with the limits. A model
that normalizes by itself before its first weights is not judged, and inputs that are indices are left out. While
something is learnt it is information; else a warning, and an error beyond ten times the limit. Of several limits
that are exceeded the one is told that is exceeded most.

By hand: `x.mean(), x.std()`, of what `fit` is given.

## When it is wrong
Sparse inputs (bags of words, one-hot rows) have a small standard deviation by nature. A `Rescaling` or
`Normalization` at the start of the model is taken to be right: a second division in there is not found.

## What to try
* Subtract the mean of the training data and divide by its standard deviation, for each feature:
  `keras.layers.Normalization` learns both with `adapt`.
* Divide images by 255 (`keras.layers.Rescaling(1 / 255)`), once.
* Do the same, with the same numbers, to validation and test data.

## References
* My neural network isn't working! What should I do?, reason 1 (you forgot to normalize your data).
* 37 reasons why your neural network is not working, 3.1 (standardize the features).
* LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

import math
from collections.abc import Iterator

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._inputs import normalizes_first, numeric_inputs, of_data
from tb_nnhealth.rules._loss import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

RULE = Rule(
    name="unnormalized-input",
    category="data",
    title="Inputs are not normalized",
    passing_title="Inputs are about normalized",
    needs=("data_mean", "data_std"),
    min_samples=1,
    thresholds=(
        Threshold("mean", 5.0, "", "images of 0 to 255 have a mean of about 120, those of 0 to 1 one of about 0.5"),
        Threshold("low_std", 0.1, "", "an order of magnitude below the unit variance that initializers are made for"),
        Threshold(
            "high_std", 3.2, "", "a variance an order of magnitude above it: the curvature goes with the variance"
        ),
    ),
)

FAR = 10.0
"""How many times a limit must be exceeded for an error."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if normalizes_first(run):
        raise NotJudged("the model normalizes its input itself")
    tensors = numeric_inputs(run)
    if not tensors:
        raise NotJudged("no input whose scale matters was measured")
    yield from (finding for tensor in tensors if (finding := _judge(run, tensor.name, limits)))


def _judge(run: HealthRun, name: str, limits: Limits) -> Finding | None:
    mean, std = (of_data(run, statistic, f"input/{name}") for statistic in ("data_mean", "data_std"))
    symptoms = (
        (std / limits["high_std"], "data_std", std, limits["high_std"]),
        (limits["low_std"] / std if std > 0 else FAR, "data_std", std, limits["low_std"]),
        (abs(mean) / limits["mean"], "data_mean", mean, limits["mean"]),
    )
    excess, statistic, observed, limit = max(symptoms, key=lambda symptom: np.nan_to_num(symptom[0], nan=0.0))
    if not excess > 1 or not math.isfinite(mean + std):
        return None
    harm: Severity = "error" if excess > FAR else "warning"
    return Finding(
        RULE.name,
        harm if suffers(run) else "info",
        f"The input {name} has a mean of {mean:.3g} and a standard deviation of {std:.3g}.",
        first_step=int(run.data.steps[0]),
        last_step=int(run.data.steps[-1]),
        statistic=statistic,
        observed=observed,
        limit=limit,
    )
