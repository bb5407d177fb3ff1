"""Layers whose units never fire.

## What it detects
Layers with a rectifying activation (ReLU and its kin) in which many units are zero on every example
of every sampled batch of a window.

## Why it matters
A unit that is zero everywhere has a zero gradient: it can never come back. A layer without live
units stops all learning before it.

## How it is decided
For each layer the median of `dead_unit_fraction` over the last half of training is compared with
the limits. While the loss falls well, a warning is withheld and an error becomes a warning: silent
units in a network that learns do no visible harm. The earliest layer with the worst severity is the
finding; the other layers over the limit are listed with it.

By hand: `out = keras.Model(model.inputs, model.get_layer(name).output).predict(x)`, then `(out ==
0).all(axis=0).mean()`, for images over the axes 0, 1 and 2.

## When it is wrong
A wide layer on an easy task, or one with strong sparsity regularization, may keep few units on
purpose. A unit that fires for very rare examples only looks dead until one is sampled.

## What to try
* Lower the learning rate by a factor of 10: one large step is what usually kills units.
* Use an activation without a flat side: LeakyReLU, ELU or GELU.
* Initialize with `he_normal`, and look for large negative biases.
* Normalize the inputs, or put batch normalization before the activation.

## References
* My neural network isn't working! What should I do?, reason 8 (dead ReLU neurons).
* Troubleshooting CNNs, on a network that does not train.
* CS231n, Convolutional neural networks for visual recognition: up to 40 % of ReLU units can die when
  the learning rate is too high.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._learning import learns_well
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import late, of_calls, span

RULE = Rule(
    name="dead-units",
    category="activations",
    title="Most units of a layer never fire",
    passing_title="Units fire",
    needs=("dead_unit_fraction",),
    min_samples=4,
    thresholds=(
        Threshold("warning", 0.4, "fraction", "CS231n: as much as 40 % of a network can be dead"),
        Threshold("error", 0.9, "fraction", "a tenth of the layer is left: the rest of the model learns through it"),
    ),
)

RECTIFIERS = ("relu", "relu6", "relu_squared", "threshold", "sparse_plus")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = [layer for layer in run.model.layers if layer.rows and _rectifies(layer)]
    if not layers:
        raise NotJudged("no layer has an activation that can die (ReLU)")
    table = run.activations
    window = late(table.steps)
    severities: tuple[Severity, ...] = ("error", "warning")
    fractions = {layer.path: of_calls(run, layer, "dead_unit_fraction") for layer in layers}
    over = [layer for layer in layers if fractions[layer.path] > limits["warning"]]
    learns = learns_well(run)
    for severity in severities:
        worst = [layer for layer in over if fractions[layer.path] > limits[severity]]
        if not worst or (learns and severity == "warning"):
            continue
        first = min(worst, key=lambda layer: layer.position)
        observed = fractions[first.path]
        yield Finding(
            RULE.name,
            "warning" if learns else severity,
            f"{percent(observed)} of the units of {first.path} are zero on every example of the last sampled batches.",
            layer=first.path,
            **span(table.steps[window]),
            statistic="dead_unit_fraction",
            observed=observed,
            limit=limits[severity],
            unit="fraction",
            others=tuple(layer.path for layer in over if layer is not first),
        )
        return


def _rectifies(layer: Layer) -> bool:
    return layer.activation in RECTIFIERS or layer.class_name == "ReLU"


def all_dead(run: HealthRun) -> Layer | None:
    """Returns the earliest layer of which no unit lives, None where there is none."""
    rectifying = [layer for layer in run.model.layers if layer.rows and _rectifies(layer)]
    dead = [layer for layer in rectifying if of_calls(run, layer, "dead_unit_fraction") == 1.0]
    return min(dead, key=lambda layer: layer.position, default=None)
