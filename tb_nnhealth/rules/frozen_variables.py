"""Variables that training is told not to change.

## What it detects
Variables of layers with `trainable=False`: which they are and how many parameters they hold. It is
an error when nothing is trainable at all.

## Why it matters
A frozen pretrained part is deliberate; a layer that stayed frozen by accident cannot learn. A model
without trainable variables does not change however long it trains.

## How it is decided
From the model's description. Variables that are never trained by gradients in any layer (moving averages of
batch normalization, seeds) do not make a layer frozen; of a frozen layer all parameters are counted. Frozen variables
are information: the rule passes, and lists them. Nothing trainable is an error.

It is a warning where most of the model's parameters are frozen kernels that were never trained, and more than half of
what the loss had to lose is left. A kernel was never trained that has, before the first step, the standard deviation of
its Glorot, He or LeCun initializer within 5 %, and no weight beyond those that the initializer gives.

## When it is wrong
Never about what is frozen; whether that was meant only the author knows. A part that is frozen in this model and
trained in another one in turn, as the discriminator of a GAN, may begin with untrained values.

## What to try
* Set `layer.trainable = True` for the layers that should learn, then compile the model again.
* When fine-tuning, train the new head first, then unfreeze the upper layers with a low learning rate.
* Load the pretrained weights before freezing: `weights="imagenet"`, or `load_weights` of the very layers.
* Remove a call of `model.trainable = False` that was meant for a part of the model.

## References
* 37 reasons why your neural network is not working, 4.8 (check for frozen layers or variables).
* Troubleshooting CNNs, on a network that does not train.
"""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import whole
from tb_nnhealth.records import HealthRun, Variable
from tb_nnhealth.rules._learning import is_held_back
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Threshold

RULE = Rule(
    name="frozen-variables",
    category="updates",
    title="Variables are frozen",
    passing_title="Variables that should learn are trainable",
    thresholds=(Threshold("error", 0.0, "parameters", "37 reasons, 4.8: without trainable parameters nothing learns"),),
)

LEAST_WEIGHTS = 1000
"""Fewer do not tell the standard deviation within `NEAR`: its standard error is 1.4 % of a thousand uniform ones."""

NEAR = 0.05
"""Relative difference up to which a standard deviation is that of the initializer."""

ROUNDING = 1.01
"""Factor by which numbers of half precision may lie beyond the initializer's largest."""

REACH = {"Uniform": math.sqrt(3), "Normal": 2 / 0.87962566}
"""The largest weight ÷ the standard deviation: of a uniform distribution, of a normal one that is cut at two sigma."""

MOST = 0.5
"""Share of the model's parameters that is most of them."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    model = run.model
    if not model.parameters:
        raise NotJudged("the model has no parameters")
    if model.trainable_parameters <= limits["error"]:
        trainable = whole(model.trainable_parameters) if model.trainable_parameters else "None"
        yield Finding(
            RULE.name,
            "error",
            f"{trainable} of the model's {whole(model.parameters)} parameters can be trained: it cannot learn.",
            observed=float(model.trainable_parameters),
            limit=limits["error"],
            unit="parameters",
        )
        return
    frozen = [layer for layer in model.layers if not (layer.trainable or layer.left_out) and layer.parameters]
    untrained = [variable for variable in model.variables if _is_untrained(variable)]
    never = sum(variable.size for variable in untrained)
    if never > MOST * model.parameters and is_held_back(run):
        yield _of_untrained(run, never, tuple(dict.fromkeys(variable.layer for variable in untrained)))
    elif frozen:
        parameters = sum(layer.parameters for layer in frozen)
        yield Finding(
            RULE.name,
            "info",
            f"{whole(parameters)} of the model's {whole(model.parameters)} parameters are frozen, in {len(frozen)} "
            f"{'layer' if len(frozen) == 1 else 'layers'}, from {frozen[0].path}.",
            layer=frozen[0].path,
            observed=float(parameters),
            limit=0.0,
            unit="parameters",
            others=tuple(layer.path for layer in frozen[1:]),
        )


def _of_untrained(run: HealthRun, parameters: int, layers: tuple[str, ...]) -> Finding:
    every = run.model.parameters
    return Finding(
        RULE.name,
        "warning",
        f"{whole(parameters)} of the model's {whole(every)} parameters are frozen at the values they were "
        "initialized with: "
        "nothing was ever learnt there.",
        layer=layers[0],
        observed=float(parameters),
        limit=MOST * every,
        unit="parameters",
        others=layers[1:],
    )


def _is_untrained(variable: Variable) -> bool:
    """Returns whether a frozen kernel began with the values that its initializer gives."""
    std, largest = variable.initial.get("frozen_std"), variable.initial.get("frozen_absmax")
    usual, reach = _drawn(variable)
    if variable.trainable or variable.left_out or std is None or largest is None or variable.size < LEAST_WEIGHTS:
        return False
    return bool(abs(std - usual) <= NEAR * usual and largest <= ROUNDING * reach * usual)


def _drawn(variable: Variable) -> tuple[float, float]:
    """Returns the standard deviation that the initializer gives, and the largest weight relative to it, else NaN."""
    name, fan_in, fan_out = variable.initializer or "", variable.fan_in, variable.fan_out
    shape = next((shape for shape in REACH if name.endswith(shape)), None)
    if shape is None or not fan_in or not fan_out:
        return math.nan, math.nan
    variances = {"Glorot": 2 / (fan_in + fan_out), "He": 2 / fan_in, "Lecun": 1 / fan_in}
    return math.sqrt(variances.get(name.removesuffix(shape), math.nan)), REACH[shape]
