"""Dropout is too strong, or stands where it harms.

## What it detects
Dropout at a rate that leaves hardly anything, dropout of the predictions themselves, and dropout right before batch
normalization.

## Why it matters
At a rate of 0.8 four of five units are missing in each step: what is learnt is how to cope without them. A prediction
that is dropped is wrong, and no layer behind it can make up for it. Batch normalization behind dropout learns a
variance that is another one when dropout is off.

## How it is decided
From the layers' rates and their order. Rates above the limit are a warning where nothing is learnt, else information;
the places are information. A layer with a rate above the limit is told of its rate only, not of its place.

## When it is wrong
Very wide layers stand high rates. Dropout before the last layer is usual, and not meant. Dropout inside of a
recurrent or attention layer (`dropout=`) is not seen.

## What to try
* Use rates of 0.1 to 0.5, and none until the model overfits.
* Move dropout behind the activation of a wide layer.
* Put batch normalization before dropout, or use one of the two.

## References
* 37 reasons why your neural network is not working, 5.4 (reduce regularization).
* My neural network isn't working! What should I do?, reason 4.
* Li, Chen, Hu and Yang (2019), Understanding the disharmony between dropout and batch normalization.
"""

from collections.abc import Iterator

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import before
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="dropout-placement",
    category="definition",
    title="Dropout is too strong, or stands where it harms",
    passing_title="Dropout is moderate and well placed",
    thresholds=(
        Threshold(
            "rate", 0.7, "fraction", "Srivastava et al. (2014), section 7.3: the error is lowest at rates of 0.2 to 0.6"
        ),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = [layer for layer in run.model.layers if layer.rate and not layer.left_out]
    if not layers:
        raise NotJudged("the model has no dropout layer")
    strong = [layer for layer in layers if layer.rate and layer.rate > limits["rate"]]
    if strong:
        worst = max(strong, key=lambda layer: layer.rate or 0.0)
        yield Finding(
            RULE.name,
            severity_of_symptom(run),
            f"{worst.path} drops {percent(worst.rate or 0.0)} of its inputs.",
            layer=worst.path,
            observed=worst.rate,
            limit=limits["rate"],
            unit="fraction",
            others=tuple(layer.path for layer in strong if layer is not worst),
        )
    yield from _misplaced(run, [layer for layer in layers if layer not in strong])


def _misplaced(run: HealthRun, layers: list[Layer]) -> Iterator[Finding]:
    on_output = [layer for layer in layers if layer.is_output]
    if on_output:
        yield _placed(on_output, "drops predictions")
    normalized = [
        next(before(run, layer), None) for layer in run.model.layers if layer.class_name == "BatchNormalization"
    ]
    before_norm = [layer for layer in layers if layer in normalized]
    if before_norm:
        yield _placed(before_norm, "stands right before batch normalization")


def _placed(layers: list[Layer], what: str) -> Finding:
    first, *rest = layers
    return Finding(
        RULE.name,
        "info",
        f"{first.path} {what}.",
        layer=first.path,
        observed=first.rate,
        limit=0.0,
        unit="fraction",
        others=tuple(layer.path for layer in rest),
    )
