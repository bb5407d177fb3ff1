"""Inputs are far from zero mean and unit variance.

## What it detects
Inputs whose mean is far from zero, or whose standard deviation is far from one: grey levels of 0 to 255 that are fed
as they are, numbers in thousands, pixels that were divided by 255 twice before they reach the model.

## Why it matters
Initializers are made for inputs of about unit scale. Larger ones make activations and gradients larger by the same
factor, so that a learning rate that is right for others is much too high; smaller ones vanish behind the biases.

## How it is decided
The median over all sampled batches of each input's mean and standard deviation is compared with the limits. Where the
model has a `Rescaling` or a `Normalization` before its first weights, it is what comes out of it that is judged: images
may have been divided by 255 before, or `adapt` may not have been called. A model that normalizes by its batches there
is not judged, but for inputs that meet weights as they are, nor is an input that operations compute with before any
layer gets it, as `preprocess_input` does; inputs that are indices are left out. It is a warning where nothing is
learnt, and an error beyond ten times the limit. While something is learnt it is information, and beyond ten times the
limit a warning, unless what the first weights give is normalized before other weights. Inputs that do not vary at all
are told by `bad-input-values`. Of several limits that are exceeded the one is told that is exceeded most.

By hand: `x.mean(), x.std()`, of what `fit` is given.

## When it is wrong
Sparse inputs (bags of words, one-hot rows) have a small standard deviation by nature.

## What to try
* Subtract the mean of the training data and divide by its standard deviation, for each feature:
  `keras.layers.Normalization` learns both with `adapt`.
* Divide images by 255 (`keras.layers.Rescaling(1 / 255)`), once.
* Do the same, with the same numbers, to validation and test data.

## References
* My neural network isn't working! What should I do?, reason 1 (you forgot to normalize your data).
* 37 reasons why your neural network is not working, 3.1 (standardize the features).
* LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.3.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._inputs import normalizing_layer, numeric_inputs, of_data, scaling_layer, spread
from tb_nnhealth.rules._layers import PASSING
from tb_nnhealth.rules._learning import suffers
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import layers_with_kernels, median, span

RULE = Rule(
    name="unnormalized-input",
    category="data",
    title="Inputs are not normalized",
    passing_title="Inputs are about normalized",
    needs=("data_mean", "data_std"),
    min_samples=1,
    thresholds=(
        Threshold("mean", 5.0, "", "images of 0 to 255 have a mean of about 120, those of 0 to 1 one of about 0.5"),
        Threshold("low_std", 0.1, "", "an order of magnitude below the unit variance that initializers are made for"),
        Threshold(
            "high_std", 3.2, "", "a variance an order of magnitude above it: the curvature goes with the variance"
        ),
        Threshold("far", 10.0, "ratio", "our choice: an order of magnitude beyond one of the others"),
    ),
)


class Scaled(NamedTuple):
    """What the first weights are given: its name, the table that tells its mean and standard deviation, its place."""

    name: str
    table: str
    mean: float
    std: float
    layer: str | None = None
    tensor: str | None = None


HANDING_ON = (None, "linear", "relu", "leaky_relu")
"""Activation functions that hand a factor on."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    layer = normalizing_layer(run)
    inputs = numeric_inputs(run)
    tensors = [
        tensor
        for tensor in inputs
        if (_may_come_as_it_is(run, tensor.place) if layer is None else _meets_weights(run, tensor.place))
    ]
    by_numbers = scaling_layer(run)
    if not tensors and by_numbers is None:
        if layer is not None:
            raise NotJudged("the model normalizes its input itself")
        computed = "operations that are no layers compute with the input before any layer gets it"
        raise NotJudged(computed if inputs else "no input whose scale matters was measured")
    if by_numbers is not None:
        yield from _normalized(run, by_numbers, limits)
    for tensor in tensors:
        mean, std = of_data(run, "data_mean", tensor.place), spread(run, tensor.place)
        given = Scaled(f"The input {tensor.name}", "data", mean, std, tensor=tensor.place)
        yield from _off_scale(run, given, limits)


def _may_come_as_it_is(run: HealthRun, row: str) -> bool:
    """Returns whether a layer is known to be given an input as it is, or nothing is known of what layers are given."""
    given = {source for layer in run.model.layers for source in layer.inputs}
    return row in given or not given


def _meets_weights(run: HealthRun, row: str) -> bool:
    """Returns whether a layer's kernel is known to be given an input as it is."""
    kernels = layers_with_kernels(run)
    return any(row in layer.inputs and layer.path in kernels and not layer.normalizes for layer in run.model.layers)


def _normalized(run: HealthRun, layer: Layer, limits: Limits) -> Iterator[Finding]:
    """Yields a finding where the layer that normalizes the input does not."""
    series = (run.activations.series(f"activation_{what}", layer.rows[0]) for what in ("mean", "std"))
    mean, std = (float(median(values)) for values in series)
    yield from _off_scale(run, Scaled(f"The input behind {layer.path}", "activation", mean, std, layer.path), limits)


def _off_scale(run: HealthRun, given: Scaled, limits: Limits) -> Iterator[Finding]:
    mean, std = given.mean, given.std
    symptoms = (
        (std / limits["high_std"], "std", std, limits["high_std"]),
        (limits["low_std"] / std if std > 0 else 0.0, "std", std, limits["low_std"]),
        (abs(mean) / limits["mean"], "mean", mean, limits["mean"]),
    )
    excess, statistic, observed, limit = max(symptoms, key=lambda symptom: np.nan_to_num(symptom[0], nan=0.0))
    if not (excess > 1 and std > 0) or not math.isfinite(mean + std):
        return
    yield Finding(
        RULE.name,
        _severity(run, excess > limits["far"]),
        f"{given.name} has a mean of {number(mean)} and a standard deviation of {number(std)}.",
        layer=given.layer,
        tensor=given.tensor,
        **span(run.data.steps),
        statistic=f"{given.table}_{statistic}",
        observed=observed,
        limit=limit,
        unit="",
    )


def _severity(run: HealthRun, is_far: bool) -> Severity:
    if suffers(run):
        return "error" if is_far else "warning"
    return "warning" if is_far and not _is_made_up_for(run) else "info"


def _is_made_up_for(run: HealthRun) -> bool:
    """Returns whether all that the first weights give is normalized before other weights, so that its scale does not
    matter: ReLU hands it on."""
    kernels = layers_with_kernels(run)
    first = [
        layer
        for layer in run.model.layers
        if layer.path in kernels and any(source.startswith("input/") for source in layer.inputs)
    ]
    return bool(first) and all(_is_normalized_behind(run, layer) for layer in first)


def _is_normalized_behind(run: HealthRun, layer: Layer) -> bool:
    behind = [other for other in run.model.layers if set(layer.rows) & set(other.inputs)]
    hands_on = layer.activation in HANDING_ON
    return (
        bool(behind)
        and hands_on
        and all(
            other.normalizes
            or (other.class_name in (*PASSING, "ReLU", "LeakyReLU") and _is_normalized_behind(run, other))
            for other in behind
        )
    )
