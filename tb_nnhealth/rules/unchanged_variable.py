"""A trainable variable does not change.

## What it detects
Trainable variables that get a gradient and yet keep their values.

## Why it matters
What does not change does not learn. The cause stands in the optimizer: a learning rate of zero or so
small that it is lost in rounding, a constraint that undoes every step, gradients clipped to nothing,
or a variable that the optimizer does not know.

## How it is decided
At every sampled step of the last half at which the optimizer acted (of the whole run, where the loss
fell well: what has learnt may rest), the update was exactly zero or its ratio to the variable below
the limit, which is less than float32 resolves. Steps that only accumulate gradients,
or that mixed precision skipped, do not count. A variable without a gradient belongs to
`missing-gradient`. All unchanged variables are one finding: an error where a whole layer does not change,
a warning where it is a part of a layer; one less where the loss falls well all the same.

By hand: keep `[v.numpy() for v in model.trainable_variables]`, call `model.train_on_batch(x, y)`, and divide the norm
of each change by the norm before.

## When it is wrong
A schedule that begins with many steps of nearly zero learning rate looks so until it rises.

## What to try
* Check the learning rate and its schedule: is it zero, or did a schedule decay to nothing?
* Raise the learning rate by a factor of 10 until the update-to-weight ratio is about 1e-3.
* Remove constraints, and a `clipvalue` or `clipnorm` that is close to zero.
* Build the optimizer, or compile the model, after all layers were added and made trainable.
* Keep the variables in float32: bfloat16 and float16 lose small updates.

## References
* Troubleshooting CNNs, on a network that does not train.
* 37 reasons why your neural network is not working, 4.8 (check for frozen layers or variables).
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold
from tb_nnhealth.rules._series import applied, late, median, rows_of, span
from tb_nnhealth.rules.missing_gradient import in_whole_layers, severity, trainable, without_gradient

RULE = Rule(
    name="unchanged-variable",
    category="updates",
    title="Variables do not change",
    passing_title="Every trainable variable changes",
    needs=("update_norm",),
    min_samples=4,
    thresholds=(
        Threshold("error", 1e-7, "ratio", "Troubleshooting CNNs: values stay constant; float32 resolves 1.2e-7"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    acted = applied(run, run.variables)
    if np.count_nonzero(acted) < RULE.min_samples:
        raise NotJudged(f"the optimizer acted at fewer than {RULE.min_samples} of the sampled steps")
    variables, rows = rows_of(run.variables, trainable(run))
    learns = learns_well(run)
    window = np.flatnonzero(acted) if learns else np.flatnonzero(acted)[late(run.variables.steps[acted])]
    statistics = ("update_norm", "update_ratio", "gradient_norm")
    norm, ratio, gradient = (run.variables.series(name)[window][:, rows] for name in statistics)
    measured = ~np.isnan(norm)
    still = (norm == 0) | (ratio < limits["error"]) | ~measured
    lost = without_gradient(run)[rows] | (gradient == 0).all(axis=0)
    unchanged = still.all(axis=0) & measured.any(axis=0) & ~lost
    if not unchanged.any():
        return
    found = [variables[index] for index in np.flatnonzero(unchanged)]
    everything = len(found) == len(variables)
    whole = in_whole_layers(found, variables)
    first = (whole or found)[0]
    steps = run.variables.steps[window]
    yield Finding(
        RULE.name,
        severity(bool(whole), learns),
        _message(run, first.path, len(found), everything),
        layer=first.layer,
        variable=first.path,
        **span(steps),
        statistic="update_ratio",
        observed=_largest(ratio[:, unchanged]),
        limit=limits["error"],
        unit="ratio",
        others=tuple(variable.path for variable in found if variable is not first),
    )


def _largest(ratio: np.ndarray) -> float:
    measured = ratio[~np.isnan(ratio)]
    return float(measured.max()) if measured.size else 0.0


def _message(run: HealthRun, first: str, count: int, everything: bool) -> str:
    rate = float(median(run.step.series("learning_rate", "step")))
    if everything:
        cause = ": the learning rate is 0" if rate == 0 else ""
        return f"None of the {whole(count)} trainable variables changes{cause}."
    return f"{first} and {whole(count - 1)} more do not change." if count > 1 else f"{first} does not change."
