"""Gradients die on the way back.

## What it detects
Layers near the input whose kernels get a gradient that is orders of magnitude smaller than those
near the output.

## Why it matters
Back-propagation multiplies the derivatives of all layers. Where each is below one the product
shrinks with depth: the first layers, which all others build on, stay as they were initialized.

## How it is decided
At each sampled step, the root mean square of each kernel's gradient is divided by the median over the back half of
the kernels behind it; the median of that ratio over the run is compared with the limits. A kernel counts when those
before it are below the limit too: a gradient that came through to the input has not died on the way. It counts where
training suffers: where the loss does not fall well, or where the updates of those kernels vanish as well (Adam scales
small gradients up). The first such layer in forward order is the finding; the others are listed. It is an error below
the second limit where the loss does not fall well, else a warning. Models with fewer than three trainable kernels are
not judged. Gradients that are exactly zero belong to `missing-gradient`; those that fade everywhere because the loss
reached its floor keep their ratio and are no finding.

By hand: `with tf.GradientTape() as tape: loss = model.compute_loss(x, y, model(x, training=True))`, then the norms of
`tape.gradient(loss, model.trainable_variables)`.

## When it is wrong
In models with several inputs or outputs the forward order is not one chain: a branch may rightly
get far less gradient than another.

## What to try
* Use ReLU, GELU or ELU instead of sigmoid or tanh in the hidden layers.
* Add batch normalization between the layers, or skip connections around them.
* Initialize with `he_normal` for ReLU, `glorot_uniform` for tanh.
* Use fewer layers.
* In recurrent networks use LSTM or GRU, and shorter sequences.

## References
* 37 reasons why your neural network is not working, 5.9 (exploding and vanishing gradients).
* Troubleshooting CNNs, on vanishing gradients.
* Debugging tips for neural networks, on gradients.
* Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import Floats, Mask, kernels, median, rows_of, span

RULE = Rule(
    name="vanishing-gradient",
    category="gradients",
    title="Gradients vanish towards the input",
    passing_title="Gradients reach the first layers",
    needs=("gradient_rms", "loss"),
    min_samples=4,
    thresholds=(
        Threshold("warning", 1e-3, "ratio", "Troubleshooting CNNs: upstream gradients orders of magnitude smaller"),
        Threshold("error", 1e-6, "ratio", "beyond float32's resolution (2**-23) next to the other gradients"),
    ),
)

LEAST_KERNELS = 3
ENOUGH_STEPS = 64
"""A median over about so many steps, evenly spread, is as good as over all, and quick for deep models."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    variables, rows = rows_of(run.variables, kernels(run))
    if len(variables) < LEAST_KERNELS:
        raise NotJudged(f"fewer than {LEAST_KERNELS} trainable kernels: there is no depth to lose a gradient in")
    gradient = to_downstream(run.variables.series("gradient_rms")[:, rows])
    learns = learns_well(run)
    hurt = up_to_input(gradient < limits["warning"], gradient)
    if learns and hurt.any():
        hurt &= to_downstream(run.variables.series("update_ratio")[:, rows]) < limits["warning"]
    if not hurt.any():
        return
    first = int(np.argmax(hurt))
    severity: Severity = "error" if gradient[first] < limits["error"] and not learns else "warning"
    yield Finding(
        RULE.name,
        severity,
        f"The gradient of {variables[first].path} is {number(gradient[first])} times that of the layers behind it.",
        layer=variables[first].layer,
        variable=variables[first].path,
        **span(run.variables.steps),
        statistic="gradient_rms",
        observed=float(gradient[first]),
        limit=limits[severity],
        unit="ratio",
        others=tuple(variables[index].path for index in np.flatnonzero(hurt) if index != first),
    )


def to_downstream(series: np.ndarray) -> Floats:
    """Returns each variable's value relative to those well behind it.

    Args:
      series: `[steps, variables]` in forward order; zero and NaN do not count.

    Returns:
      `[variables]`: the median over the steps of value ÷ median over the back half of the variables behind
      it (of their logarithms, so that one of two cannot decide); NaN where there is none, as for the last.
    """
    series = series[:: max(1, len(series) // ENOUGH_STEPS)]
    logarithm = np.log(np.where((series > 0) & np.isfinite(series), series, np.nan).astype(np.float64))
    count = series.shape[1]
    starts = [(i + 1 + count) // 2 for i in range(count - 1)]
    behind = {start: median(logarithm[:, start:], axis=1) for start in dict.fromkeys(starts)}
    against = np.stack([behind[start] for start in starts], axis=1)
    return np.append(np.exp(median(logarithm[:, :-1] - against, axis=0)), np.nan)


def up_to_input(found: Mask, ratio: Floats) -> Mask:
    """Returns where something was found in a variable and in all before it, those without a ratio aside."""
    mask: Mask = found & np.logical_and.accumulate(found | np.isnan(ratio))
    return mask
