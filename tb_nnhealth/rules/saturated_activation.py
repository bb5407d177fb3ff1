"""Units stuck on the flat part of their activation function.

## What it detects
Layers with a bounded activation (sigmoid, tanh, softsign, their hard kin, a small softmax) most of
whose values lie within the flat 1 % at the ends of its range.

## Why it matters
The derivative on the flat part is nearly zero. A saturated unit passes no gradient to what comes
before it, and gives the same answer whatever its input.

## How it is decided
For each layer the median of `saturated_fraction` over the last half of training is compared with the limits. While
the loss falls well, a warning is withheld unless the layer was beyond the limit at the first sample already, when
nothing had been learnt; an error becomes a warning; and the outputs are not judged: a model that is confident and
right saturates its output; nor is a hidden softmax, which attention drives to a single choice. The earliest layer
with the worst severity is the finding. A softmax over more than 20 units is not judged: with many classes most of its
values are near zero as they should be.

By hand: `out = keras.Model(model.inputs, model.get_layer(name).output).predict(x)`, then `(abs(out) > 0.98).mean()`
for a tanh.

## When it is wrong
Layers that act as gates, or that learn binary codes, saturate on purpose.

## What to try
* Use ReLU, GELU or another unbounded activation in the hidden layers.
* Normalize the inputs to zero mean and unit variance, or put batch normalization before the activation.
* Initialize with `glorot_uniform`: large weights saturate at once.
* Lower the learning rate: one large step can push all units onto the flat part.

## References
* Debugging tips for neural networks, on gradients and saturation.
* My neural network isn't working! What should I do?, reason 7 (activation functions of the last layer).
* Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import outputs
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import late, of_calls, span

RULE = Rule(
    name="saturated-activation",
    category="activations",
    title="A layer is saturated",
    passing_title="Activations stay off their flat parts",
    needs=("saturated_fraction",),
    min_samples=4,
    absent="no layer has a bounded activation",
    thresholds=(
        Threshold("warning", 0.5, "fraction", "Debugging tips for neural networks: most units on the flat part"),
        Threshold(
            "error", 0.95, "fraction", "Glorot and Bengio (2010), figure 2: a saturated layer slows all learning down"
        ),
    ),
)

BOUNDED = ("sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh", "softmax")
SMALL_SOFTMAX = 20


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    learns = learns_well(run)
    bounded = [layer for layer in run.model.layers if layer.rows and _bounded(layer)]
    if not bounded:
        raise NotJudged("no layer has a bounded activation")
    last = outputs(run)
    fractions = {
        layer.path: of_calls(run, layer, "saturated_fraction")
        for layer in bounded
        if not (learns and (layer in last or layer.activation == "softmax"))
    }
    over = [layer for layer in bounded if fractions.get(layer.path, 0.0) > limits["warning"]]
    given = [layer for layer in over if not learns or _at_first(run, layer) > limits["warning"]]
    counted: tuple[tuple[Severity, list[Layer]], ...] = (("error", over), ("warning", given))
    for severity, layers in counted:
        worst = [layer for layer in layers if fractions[layer.path] > limits[severity]]
        if not worst:
            continue
        first = min(worst, key=lambda layer: layer.position)
        steps = run.activations.steps
        yield Finding(
            RULE.name,
            "warning" if learns else severity,
            f"{percent(fractions[first.path])} of the values of {first.path} lie on the flat part of "
            f"{first.activation}.",
            layer=first.path,
            **span(steps[late(steps)]),
            statistic="saturated_fraction",
            observed=fractions[first.path],
            limit=limits[severity],
            unit="fraction",
            others=tuple(layer.path for layer in over if layer is not first),
        )
        return


def _at_first(run: HealthRun, layer: Layer) -> float:
    """Returns the saturated fraction at the first sample, of the call with the least."""
    series = [run.activations.series("saturated_fraction", row) for row in layer.rows]
    return min((float(values[0]) for values in series if len(values)), default=math.nan)


def _bounded(layer: Layer) -> bool:
    if layer.activation == "softmax":
        return layer.units is not None and 1 < layer.units <= SMALL_SOFTMAX
    return layer.activation in BOUNDED
