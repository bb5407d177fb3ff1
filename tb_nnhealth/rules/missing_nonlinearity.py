"""Linear layers follow each other.

## What it detects
Layers with weights whose output reaches the next weights through no activation function.

## Why it matters
A linear function of a linear function is one linear function: the layers can do no more than a single one of them,
and a network of nothing else is a linear regression, however deep.

## How it is decided
From the model's definition: which layer's output another takes as it is, through dropout, reshaping, average pooling
and batch normalization, which are linear too. Where no layer before the output has an activation function it is an
error; elsewhere a warning. Where something is learnt these become a warning and information. A bottleneck is left
out: a layer narrower than both its neighbours reduces the rank on purpose.

## When it is wrong
Factorized layers and embeddings that are projected are linear on purpose. What a function between two
layers does is not known: such pairs are not judged.

## What to try
* Give each hidden layer `activation="relu"`.
* Put `Activation` behind batch normalization, where the layer before it has none.
* Where layers are meant to be linear, keep one: it does the same.

## References
* My neural network isn't working! What should I do?, reason 7 (activation functions, there of the last layer).
* Goodfellow, Bengio and Courville (2016), Deep learning, section 6.1.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import PASSING, WEIGHTED, before, kernel, weighted
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity

RULE = Rule(
    name="missing-nonlinearity",
    category="definition",
    title="Linear layers follow each other",
    passing_title="There is an activation function between the layers",
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layers = weighted(run)
    followed = [(source, layer) for layer in layers if (source := _weights_before(run, layer)) is not None]
    if not followed:
        raise NotJudged("no layer with weights that takes another's output as it is was seen")
    linear = [(s, layer) for s, layer in followed if s.activation is None and not _is_bottleneck(run, s, layer)]
    everywhere = len(linear) == len(layers) - 1
    linear = [(source, layer) for source, layer in linear if not source.left_out]
    if not linear:
        return
    severities: tuple[Severity, ...] = ("error", "warning") if suffers(run) else ("warning", "info")
    source, layer = linear[0]
    what = "No layer before the output has" if everywhere else f"Between {source.path} and {layer.path} is"
    yield Finding(
        RULE.name,
        severities[0 if everywhere else 1],
        f"{what} {'an' if everywhere else 'no'} activation function.",
        layer=source.path,
        others=tuple(s.path for s, _ in linear[1:]),
    )


def _weights_before(run: HealthRun, layer: Layer) -> Layer | None:
    """Returns the weighted layer whose output reaches this one through nothing but linear layers."""
    for source in before(run, layer):
        if source.class_name in WEIGHTED:
            return source
        if source.class_name not in PASSING or source.activation is not None:
            return None
    return None


def _is_bottleneck(run: HealthRun, source: Layer, layer: Layer) -> bool:
    weights = kernel(run, source)
    if weights is None or source.units is None or layer.units is None:
        return False
    return source.units < weights.shape[-2] and source.units < layer.units
