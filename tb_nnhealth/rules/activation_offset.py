"""The outputs of a layer lie far to one side of zero.

## What it detects
Hidden layers whose outputs have a mean that is several times their spread.

## Why it matters
The weights of a unit behind it then all get gradients of one sign: they can only grow or shrink together, and training
zigzags. What differs from example to example is small beside what does not.

## How it is decided
The magnitude of the mean of a layer's output is divided by its standard deviation, over units and examples; the
median over the last half of training is compared with the limit. It is a warning where nothing is learnt, else
information. Layers behind a sigmoid, softmax or exponential are left out, and so are layers of fewer units than the
limit, and those whose output goes straight into a normalization.

## When it is wrong
Softplus is near 0.7 for small inputs: such a layer lies to one side by nature.

## What to try
* Normalize the inputs to zero mean.
* Start biases from zero.
* Put batch or layer normalization behind the layer, or use ELU or tanh instead of ReLU.

## References
* 37 reasons why your neural network is not working, 5.7: activations with a mean far above 0.
* LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

from collections.abc import Iterator

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import hidden, hidden_activation
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import Floats, late_of, median, span

RULE = Rule(
    name="activation-offset",
    category="activations",
    title="The outputs of a layer lie far to one side of zero",
    passing_title="The outputs of layers are about centred",
    needs=("activation_mean", "activation_std"),
    min_samples=4,
    thresholds=(
        Threshold("ratio", 2.0, "ratio", "a ReLU of normal numbers has 0.7; beyond 2 hardly any output is near zero"),
        Threshold("units", 4.0, "units", "fewer units have no spread to compare with"),
    ),
)

ONE_SIDED = ("sigmoid", "hard_sigmoid", "softmax", "exponential")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = [layer for layer in hidden(run) if layer.rows and (layer.units or 0) >= limits["units"]]
    normalized = {row for layer in run.model.layers if layer.normalizes for row in layer.inputs}
    centred = [layer for layer in layers if normalized.isdisjoint(layer.rows)]
    judged = [layer for layer in centred if hidden_activation(run, layer) not in ONE_SIDED]
    ratios = {layer.path: ratio for layer in judged if (ratio := _ratio(run, layer)) >= 0}
    if not ratios:
        raise NotJudged("no hidden layer whose output could be centred was measured")
    found = {path: ratio for path, ratio in ratios.items() if ratio > limits["ratio"]}
    if not found:
        return
    path, ratio = next(iter(found.items()))
    window = late_of(run, "activation")
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"The mean of the outputs of {path} is {number(ratio)} times their standard deviation.",
        layer=path,
        **span(run.activations.steps[window]),
        statistic="activation_mean",
        observed=ratio,
        limit=limits["ratio"],
        unit="ratio",
        on_curve=_on_curve(run, path, limits["ratio"]),
        others=tuple(other for other in found if other != path),
    )


def _on_curve(run: HealthRun, path: str, limit: float) -> OnCurve | None:
    """Returns the usual mean beside the usual limit, None where the two tell another story than their ratios do."""
    layer = run.model.layer(path)
    mean, std = (float(median(part)) for part in _moments(run, layer)) if layer else (np.nan, np.nan)
    return OnCurve("activation_mean", mean, float(np.copysign(limit * std, mean))) if abs(mean) > limit * std else None


def _moments(run: HealthRun, layer: Layer) -> tuple[Floats, Floats]:
    """Returns the means and the standard deviations of the late window, where both are known."""
    window = late_of(run, "activation")
    mean, std = (
        run.activations.series(name, layer.rows[0])[window].astype(np.float64)
        for name in ("activation_mean", "activation_std")
    )
    usable = (std > 0) & np.isfinite(mean)
    return mean[usable], std[usable]


def _ratio(run: HealthRun, layer: Layer) -> float:
    mean, std = _moments(run, layer)
    return float(median(np.abs(mean) / std))
