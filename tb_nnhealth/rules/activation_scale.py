"""Activations shrink or blow up through depth.

## What it detects
Chains of layers whose outputs become more than a hundred times smaller or larger from the first to the last hidden
layer.

## Why it matters
What a layer gives is what the next one learns from, and the gradient shrinks or grows in the same way on its way back.

## How it is decided
The median of each hidden weighted layer's output spread over the first half of training is taken, in forward order.
The last one's ratio to the first one's is compared with the limits. It is a warning where nothing is learnt, else
information.

## When it is wrong
Networks with normalization between the layers bear any scale inside of a block.

## What to try
* Initialize for the activation in use: `he_normal` for ReLU, `glorot_uniform` for tanh, `lecun_normal` for SELU.
* Put batch or layer normalization between the layers.
* Normalize the inputs.

## References
* 37 reasons why your neural network is not working, 5.7 and 5.9.
* Deeplearning4j, Visualizing network training: layer activations should keep a standard deviation of 0.5 to 2.
* He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, section 2.2.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import hidden
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import late_of, median, span

RULE = Rule(
    name="activation-scale",
    category="activations",
    title="Activations shrink or blow up through depth",
    passing_title="Activations keep their scale through depth",
    needs=("activation_std",),
    min_samples=4,
    thresholds=(
        Threshold(
            "shrink",
            1e-2,
            "ratio",
            "our choice: two orders of magnitude",
        ),
        Threshold("grow", 1e2, "ratio", "the same, upwards"),
        Threshold("layers", 3.0, "layers", "fewer are no depth"),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    scales = [(layer, scale) for layer in hidden(run) if layer.rows and (scale := _scale(run, layer)) > 0]
    if len(scales) < limits["layers"]:
        raise NotJudged("fewer hidden layers with weights than a depth takes were measured")
    (first, start), (last, end) = scales[0], scales[-1]
    ratio = end / start
    if limits["shrink"] <= ratio <= limits["grow"]:
        return
    limit = limits["shrink" if ratio < 1 else "grow"]
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"The outputs' spread goes from {number(start)} at {first.path} to {number(end)} at {last.path}.",
        layer=last.path,
        **span(run.activations.steps),
        statistic="activation_std",
        observed=ratio,
        limit=limit,
        unit="ratio",
        on_curve=OnCurve("activation_std", end, limit * start),
    )


def _scale(run: HealthRun, layer: Layer) -> float:
    early = ~late_of(run, "activation")
    return float(median(run.activations.series("activation_std", layer.rows[0])[early]))
