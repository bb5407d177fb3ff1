"""Variables that training is told not to change.

## What it detects
Variables of layers with `trainable=False`: which they are and how many parameters they hold. It is
an error when nothing is trainable at all.

## Why it matters
A frozen pretrained part is deliberate; a layer that stayed frozen by accident cannot learn. A model
without trainable variables does not change however long it trains.

## How it is decided
From the model's description alone. Variables that are never trained by gradients in any layer (moving averages of
batch normalization, seeds) do not make a layer frozen; of a frozen layer all parameters are counted. Frozen variables
are information: the rule passes, and lists them. Nothing trainable is an error.

## When it is wrong
Never about what is frozen; whether that was meant only the author knows.

## What to try
* Set `layer.trainable = True` for the layers that should learn, then compile the model again.
* When fine-tuning, train the new head first, then unfreeze the upper layers with a low learning rate.
* Remove a call of `model.trainable = False` that was meant for a part of the model.

## References
* 37 reasons why your neural network is not working, 4.8 (check for frozen layers or variables).
* Troubleshooting CNNs, on a network that does not train.
"""

from collections.abc import Iterator

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="frozen-variables",
    category="updates",
    title="Variables are frozen",
    passing_title="Variables that should learn are trainable",
    thresholds=(Threshold("error", 0.0, "parameters", "37 reasons, 4.8: without trainable parameters nothing learns"),),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    model = run.model
    if not model.parameters:
        raise NotJudged("the model has no parameters")
    if model.trainable_parameters <= limits["error"]:
        yield Finding(
            RULE.name,
            "error",
            f"None of the model's {model.parameters:,} parameters is trainable: it cannot learn.",
            observed=float(model.trainable_parameters),
            limit=limits["error"],
            unit="parameters",
        )
        return
    frozen = [layer for layer in model.layers if not (layer.trainable or layer.left_out) and layer.parameters]
    if frozen:
        parameters = sum(layer.parameters for layer in frozen)
        yield Finding(
            RULE.name,
            "info",
            f"{parameters:,} of the model's {model.parameters:,} parameters are frozen, in {len(frozen)} "
            f"{'layer' if len(frozen) == 1 else 'layers'}, from {frozen[0].path}.",
            layer=frozen[0].path,
            observed=float(parameters),
            unit="parameters",
            others=tuple(layer.path for layer in frozen[1:]),
        )
