"""The steps are too large: training cannot settle.

## What it detects
Kernels that each step changes by more than a hundredth of their norm, while the loss does not fall; and single steps
that replaced a kernel, after which nothing was learnt.

## Why it matters
Steps that large jump over the valley that they should descend into. What one batch taught, the
next undoes.

## How it is decided
The median update-to-weight ratio over the last half of the steps at which the optimizer acted, for
each kernel that was not zero at the start. It counts where at least half of the kernels are above
the limit and the loss does not fall well: a small network learns well with large steps. It is
an error where the median over the kernels is above the second limit and training has ended or gone on
for 1000 steps: the first steps may be as large. Where late steps are small, or there are none any more
because the units are dead, the largest step that was seen counts: above the third limit for at least
half of the kernels it is a warning. Biases, normalization and embeddings are not judged: their norms
start near zero, or a batch touches a part.

By hand: keep `[v.numpy() for v in model.trainable_variables]`, call `model.train_on_batch(x, y)`, and divide the norm
of each change by the norm before.

## When it is wrong
In a run of a few dozen steps the first, large steps of Adam are all there is.

## What to try
* Lower the learning rate by a factor of 10, until the ratio is about 1e-3.
* Warm the learning rate up over the first hundred steps.
* Use a larger batch: its gradient is less noisy.
* Clip the gradients: `clipnorm=1.0` in the optimizer.
* Normalize inputs and targets to zero mean and unit variance.

## References
* 37 reasons why your neural network is not working, 5.7 (update magnitudes of about 1e-3) and 5.10.
* Debugging tips for neural networks, on gradients.
* CS231n, Convolutional neural networks for visual recognition, on the ratio of updates to weights.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._loss import has_settled
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import kernels, rows_of
from tb_nnhealth.rules._told import of_norm
from tb_nnhealth.rules.low_update_ratio import late_ratios

RULE = Rule(
    name="high-update-ratio",
    category="updates",
    title="Updates are too large",
    passing_title="Updates are small enough",
    needs=("update_ratio", "loss"),
    min_samples=4,
    thresholds=(
        Threshold("warning", 1e-2, "ratio", "37 reasons, 5.7: about 1e-3 is right; an order above it is too fast"),
        Threshold("error", 0.1, "ratio", "ten such steps replace the variable; two orders above what is right"),
        Threshold("thrown", 1.0, "ratio", "a single step as large as the variable: nothing of its start is left"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if learns_well(run):
        return
    thrown = tuple(_thrown(run, limits["thrown"]))
    try:
        variables, ratio, (first_step, last_step) = late_ratios(run)
    except NotJudged:
        if not thrown:
            raise
        yield from thrown
        return
    high = ratio > limits["warning"]
    if 2 * np.count_nonzero(high) < len(variables):
        yield from thrown
        return
    severity: Severity = "error" if np.median(ratio) > limits["error"] and has_settled(run) else "warning"
    fastest = int(np.nanargmax(ratio))
    yield Finding(
        RULE.name,
        severity,
        f"A step changes {variables[fastest].path} by {of_norm(ratio[fastest])}, and the loss does not fall.",
        layer=variables[fastest].layer,
        variable=variables[fastest].path,
        first_step=first_step,
        last_step=last_step,
        statistic="update_ratio",
        observed=float(ratio[fastest]),
        limit=limits[severity],
        unit="ratio",
        others=tuple(variables[index].path for index in np.flatnonzero(high) if index != fastest),
    )


def _thrown(run: HealthRun, limit: float) -> Iterator[Finding]:
    table = run.variables
    variables, rows = rows_of(table, kernels(run))
    largest = table.highs("update_ratio")[:, rows].astype(np.float64)
    if not largest.size:
        return
    peaks = np.nan_to_num(largest, nan=0.0).max(axis=0)
    if 2 * np.count_nonzero(peaks > limit) < len(variables):
        return
    worst = int(np.argmax(peaks))
    step = int(table.steps[int(np.nanargmax(largest[:, worst]))])
    yield Finding(
        RULE.name,
        "warning",
        f"Step {whole(step)} changed {variables[worst].path} by {of_norm(peaks[worst])}, and nothing was learnt since.",
        layer=variables[worst].layer,
        variable=variables[worst].path,
        first_step=step,
        last_step=step,
        statistic="update_ratio",
        observed=float(peaks[worst]),
        limit=limit,
        unit="ratio",
        others=tuple(
            v.path for v, peak in zip(variables, peaks, strict=True) if peak > limit and v is not variables[worst]
        ),
    )
