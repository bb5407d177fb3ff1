"""Hidden layers use a saturating activation function.

## What it detects
Deep stacks whose hidden layers go through a sigmoid or tanh.

## Why it matters
A sigmoid's derivative is a quarter at most, tanh's is one at a single point: back through some layers the
gradient shrinks by the product of them, and the first layers stand still.

## How it is decided
The hidden layers with weights whose output goes through such a function are counted (gates inside of recurrent layers
are not meant). As many as the limit or more are a warning where nothing is learnt, else information. A hidden softmax
counts at once: it hands on little more than which unit is the largest.

## When it is wrong
With normalization before each of them, or weights that are initialized for them, tanh stacks train. A softmax that
weighs other layers (attention, a mixture of experts) is meant.

## What to try
* Use ReLU, GELU or ELU in hidden layers; keep the sigmoid for the output.
* Put batch normalization before the activation.
* Initialize with `glorot_uniform` (tanh) and use fewer layers.

## References
* Troubleshooting CNNs, on vanishing gradients.
* Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._layers import check_traced, hidden, hidden_activation
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="saturating-hidden-activation",
    category="definition",
    title="Hidden layers use a saturating activation function",
    passing_title="Hidden layers use activation functions that do not saturate",
    thresholds=(
        Threshold(
            "layers", 3.0, "layers", "Glorot and Bengio (2010), 3.1: four sigmoid layers saturate for long; one fewer"
        ),
    ),
)

SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    check_traced(run)
    layers = [layer for layer in hidden(run) if not layer.left_out]
    functions = {layer.path: hidden_activation(run, layer) for layer in layers}
    if not any(functions.values()):
        raise NotJudged("no hidden layer with a known activation function was seen")
    squeezed = [layer for layer in layers if functions[layer.path] == "softmax"]
    flat = [layer for layer in layers if functions[layer.path] in SATURATING]
    found = squeezed or (flat if len(flat) >= limits["layers"] else [])
    if not found:
        return
    names = sorted({str(functions[layer.path]) for layer in found})
    yield Finding(
        RULE.name,
        severity_of_symptom(run),
        f"{len(found)} of {len(layers)} hidden layers end in {' or '.join(names)}.",
        layer=found[0].path,
        observed=float(len(found)),
        limit=1.0 if squeezed else limits["layers"],
        unit="layers",
        others=tuple(layer.path for layer in found[1:]),
    )
