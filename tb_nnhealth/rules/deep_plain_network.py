"""A deep network without skip connections and normalization.

## What it detects
Many layers with weights in a plain chain: none of them skipped, none normalized.

## Why it matters
Signals and gradients pass through every layer. Each scales them by a little more or less than one, and through
many layers nothing arrives.

## How it is decided
The longest chain in which each layer takes what the one before gives is counted; a layer with several inputs, a
normalization layer or a function in between ends it. From the limit on it is a warning where nothing is learnt, else
information.

## When it is wrong
Self-normalizing networks (SELU with LeCun's initialization) are deep and plain by design.

## What to try
* Take layers out: two or three hidden layers are enough for most tables.
* Add batch or layer normalization between them.
* Add skip connections: `layers.add([x, block(x)])`.

## References
* My neural network isn't working! What should I do?, reason 10 (too deep).
* He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition: plain networks get worse from about 20
  layers on, even with batch normalization.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import WEIGHTED, before, weighted
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="deep-plain-network",
    category="definition",
    title="A deep network has neither skip connections nor normalization",
    passing_title="The depth is moderate, or eased by skip connections or normalization",
    thresholds=(
        Threshold(
            "layers",
            8.0,
            "layers",
            "fewer than the 11 layers that Simonyan and Zisserman (2015) could train from scratch",
        ),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = [layer for layer in weighted(run) if not layer.left_out]
    if not layers:
        raise NotJudged("no layer with weights was seen")
    chain = max((_chain(run, layer) for layer in layers), key=len)
    if len(chain) < limits["layers"]:
        return
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"{len(chain)} layers from {chain[-1].path} to {chain[0].path} follow each other without a skip connection "
        "or normalization.",
        layer=chain[-1].path,
        observed=float(len(chain)),
        limit=limits["layers"],
        unit="layers",
    )


def _chain(run: HealthRun, layer: Layer) -> list[Layer]:
    """Returns the weighted layers that lead to this one in a plain chain, this one first."""
    chain = [layer]
    for source in before(run, layer):
        if source.normalizes or source.left_out:
            break
        if source.class_name in WEIGHTED:
            chain.append(source)
    return chain
