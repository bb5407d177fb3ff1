"""The output goes through two activation functions.

## What it detects
Outputs with a second activation function right before the last one: a softmax of a softmax, a softmax or a sigmoid of
a ReLU's output.

## Why it matters
A softmax of a softmax is nearly flat: its largest and smallest probability differ by a factor of e at most, so that the
loss stays near chance and the gradient is small. After a ReLU no class can be voted against, and all
classes that are not voted for are as likely as each other.

## How it is decided
From the operations between the last weights and the prediction. It is an error, a warning where something is
learnt all the same.

## When it is wrong
Gated and attention-like outputs may combine functions on purpose.

## What to try
* Take the activation out of the last `Dense` layer, or the `Activation` layer behind it.
* Where a loss has `from_logits=True`, leave both out.

## References
* 37 reasons why your neural network is not working, 4.4.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._heads import heads
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule

RULE = Rule(
    name="duplicate-activation",
    category="definition",
    title="The output goes through two activation functions",
    passing_title="The output goes through one activation function at most",
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    judged = [head for head in heads(run) if head.activations is not None]
    if not judged:
        raise NotJudged("no output whose last activation function can be told was seen")
    for head in judged:
        if head.activations is not None and len(head.activations) > 1:
            yield Finding(
                RULE.name,
                "error" if suffers(run) else "warning",
                f"{head.place} ends in the {head.activations[0]} of a {head.activations[1]}.",
                layer=head.layer.path if head.layer else None,
            )
