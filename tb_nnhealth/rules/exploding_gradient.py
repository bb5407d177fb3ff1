"""Gradients grow from step to step or from layer to layer.

## What it detects
A gradient norm that ends far above what it was for most of the run, or kernels whose gradient is
larger than the kernel itself, or gradients that grow by orders of magnitude on the way back.

## Why it matters
One step along such a gradient throws the weights far away: the loss jumps, then overflows to NaN.

## How it is decided
It counts only where training suffers: where the loss does not fall well, or non-finite values followed. Then, in this
order: (1) the median global norm of the last tenth of the samples (the last three at least) is `growth` times the
median of the rest, still rising, and the loss is no lower than at the start or non-finite values followed; (2) for at
least half of the kernels the ratio of gradient to weight is above `ratio` in three of four samples of the last half
(in a few only it is the noise of a small batch); the message gives the median; (3) the gradient of a kernel, and of
all before it, is `depth` times the median of the back half of those behind it. The first that holds is the finding.
Growth is an error, the others are warnings: an optimizer that normalizes gradients, or clipping, may bear them.

By hand: `with tf.GradientTape() as tape: loss = model.compute_loss(x, y, model(x, training=True))`, then the norms of
`tape.gradient(loss, model.trainable_variables)`.

## When it is wrong
A loss that is summed rather than averaged, or unscaled targets, give large gradients by their unit
alone. The remedy is the same: bring the loss to unit scale.

## What to try
* Clip the gradients: `clipnorm=1.0` or `global_clipnorm=1.0` in the optimizer.
* Lower the learning rate by a factor of 10.
* Normalize inputs and targets to zero mean and unit variance.
* Initialize with `he_normal` or `glorot_uniform`; add batch normalization.
* In recurrent networks use LSTM or GRU, and shorter sequences.

## References
* 37 reasons why your neural network is not working, 5.9 (exploding and vanishing gradients).
* Debugging tips for neural networks, on gradients.
* Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._loss import loss_curve
from tb_nnhealth.rules._rule import Finding, Limits, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import kernels, late, median, of_present_loss, rows_of, span
from tb_nnhealth.rules.vanishing_gradient import to_downstream, up_to_input

RULE = Rule(
    name="exploding-gradient",
    category="gradients",
    title="Gradients explode",
    passing_title="Gradients do not go on growing",
    needs=("gradient_global_norm", "loss"),
    min_samples=4,
    thresholds=(
        Threshold("growth", 10.0, "ratio", "Debugging tips for neural networks: an order of magnitude above its past"),
        Threshold("ratio", 1.0, "ratio", "our choice (37 reasons, 5.9, has no number): as large as what it changes"),
        Threshold("depth", 1e3, "ratio", "the mirror of vanishing-gradient's limit"),
    ),
)

LAST_SAMPLES = 3

LASTING = 0.75
"""Share of the late samples in which a gradient has to be larger than its weight."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if learns_well(run) and run.nonfinite is None:
        return
    yield from _first(
        _growth(run, limits["growth"]), _against_weight(run, limits["ratio"]), _depth(run, limits["depth"])
    )


def _first(*symptoms: Iterator[Finding]) -> Iterator[Finding]:
    """Yields the first finding of the first symptom that has one."""
    for symptom in symptoms:
        for finding in symptom:
            yield finding
            return


def _growth(run: HealthRun, limit: float) -> Iterator[Finding]:
    if loss_curve(run).fell > 0 and run.nonfinite is None:
        return
    step = of_present_loss(run).step
    norms = step.series("gradient_global_norm", "step").astype(np.float64)
    finite = np.isfinite(norms)
    norms, steps = norms[finite], step.steps[finite]
    last = max(LAST_SAMPLES, len(norms) // 10)
    if len(norms) < 2 * last:
        return
    usual, now = float(median(norms[:-last])), float(median(norms[-last:]))
    outcome = "the loss did not fall" if run.nonfinite is None else "values became NaN or infinite"
    if now > limit * usual > 0 and norms[-1] >= median(norms[-2 * last : -last]):
        yield Finding(
            RULE.name,
            "error",
            f"The gradient norm grew from about {number(usual)} to {number(now)}, and {outcome}.",
            **span(steps[-last:]),
            statistic="gradient_global_norm",
            observed=now / usual,
            limit=limit,
            unit="ratio",
            on_curve=OnCurve("gradient_global_norm", now, limit * usual),
        )


def _against_weight(run: HealthRun, limit: float) -> Iterator[Finding]:
    variables, rows = rows_of(run.variables, kernels(run))
    window = late(run.variables.steps)
    ratios = run.variables.series("gradient_ratio")[window][:, rows]
    ratio = median(ratios, axis=0)
    measured = np.count_nonzero(~np.isnan(ratios), axis=0)
    large = (ratio > limit) & (np.count_nonzero(ratios > limit, axis=0) >= LASTING * measured)
    if not variables or 2 * np.count_nonzero(large) < len(variables):
        return
    worst = int(np.argmax(np.where(large, ratio, -np.inf)))
    yield Finding(
        RULE.name,
        "warning",
        f"The gradient of {variables[worst].path} is {number(ratio[worst])} times as large as the variable itself.",
        layer=variables[worst].layer,
        variable=variables[worst].path,
        **span(run.variables.steps[window]),
        statistic="gradient_ratio",
        observed=float(ratio[worst]),
        limit=limit,
        unit="ratio",
        others=tuple(variables[index].path for index in np.flatnonzero(large) if index != worst),
    )


def _depth(run: HealthRun, limit: float) -> Iterator[Finding]:
    variables, rows = rows_of(run.variables, kernels(run))
    if len(variables) < 2:
        return
    ratio = to_downstream(run.variables.series("gradient_rms")[:, rows])
    large = up_to_input(ratio > limit, ratio)
    if large.any():
        worst = int(np.nanargmax(np.where(large, ratio, np.nan)))
        yield Finding(
            RULE.name,
            "warning",
            f"The gradient of {variables[worst].path} is {number(ratio[worst])} times that of the layers behind it.",
            layer=variables[worst].layer,
            variable=variables[worst].path,
            **span(run.variables.steps),
            statistic="gradient_rms",
            observed=float(ratio[worst]),
            limit=limit,
            unit="ratio",
            others=tuple(variables[index].path for index in np.flatnonzero(large) if index != worst),
        )
