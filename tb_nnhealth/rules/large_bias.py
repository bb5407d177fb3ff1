"""A bias outweighs what its layer computes from its input.

## What it detects
Hidden layers whose bias is many times as large as the product of kernel and input that it is added to.

## Why it matters
Such a layer gives nearly the same output for every input: a ReLU is always on or always off, a tanh is saturated.

## How it is decided
The root mean square of the bias is divided by that of what the kernel adds: the kernel's own, times the input's,
times the square root of the fan-in. At the first sampled step, and in the median over the last half of the training,
it is compared with the limit. A bias that outweighed at the first one is a warning where nothing is learnt; one that
has come to do so since is information, for steps that are too large, or a signal that fades, are the cause of it.
Where something is learnt any is information. Output layers are left out, for their bias may carry the mean of the
targets, and layers whose input was not measured.

## When it is wrong
Gates are opened by a large bias on purpose. Inputs that are nearly constant make any bias look large.

## What to try
* Start biases from zero.
* Lower the learning rate: a few large steps move a bias further than the kernel.
* Normalize the inputs and the targets, so that no bias has to make up for their mean.

## References
* 37 reasons why your neural network is not working, 5.7.
* Deeplearning4j, Visualizing network training: biases start at 0 and should end about normally distributed; very
  large ones point to a fault.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer
from tb_nnhealth.rules._layers import hidden, kernel
from tb_nnhealth.rules._learning import severity_of_symptom
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, OnCurve, Rule, Threshold
from tb_nnhealth.rules._series import Mask, late, median, span

Window = Callable[[NDArray[np.int64]], Mask]
"""Says which samples of these steps count."""

RULE = Rule(
    name="large-bias",
    category="weights",
    title="A bias outweighs what its layer computes",
    passing_title="Biases are in proportion",
    needs=("value_rms", "activation_rms"),
    min_samples=4,
    thresholds=(
        Threshold(
            "ratio", 10.0, "ratio", "one standard deviation of the input then changes a unit by a tenth of its bias"
        ),
    ),
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    given, grown = (_ratios(run, window) for window in (_first, late))
    if not given and not grown:
        raise NotJudged("no hidden layer with a bias and a measured input was seen")
    at_first, since = ({path: r for path, r in ratios.items() if r > limits["ratio"]} for ratios in (given, grown))
    found = since | at_first
    if not found:
        return
    path = next(iter(at_first or since))
    window = _first if at_first else late
    steps = run.variables.steps[window(run.variables.steps)]
    yield Finding(
        RULE.name,
        severity_of_symptom(run) if at_first else "info",
        f"The bias of {path} is {number(found[path])} times as large as what its kernel makes of the input.",
        layer=path,
        **span(steps),
        statistic="value_rms",
        observed=found[path],
        limit=limits["ratio"],
        unit="ratio",
        on_curve=_on_curve(run, path, window, found[path], limits["ratio"]),
        others=tuple(other for other in found if other != path),
    )


def _first(steps: NDArray[np.int64]) -> Mask:
    """Returns the first sample alone."""
    only: Mask = np.arange(len(steps)) == 0
    return only


def _ratios(run: HealthRun, window: Window) -> dict[str, float]:
    """Returns the bias ÷ the kernel's contribution by layer, of those of which each part is known."""
    ratios = {layer.path: _ratio(run, layer, window) for layer in hidden(run)}
    return {path: ratio for path, ratio in ratios.items() if np.isfinite(ratio)}


def _on_curve(run: HealthRun, path: str, window: Window, ratio: float, limit: float) -> OnCurve:
    bias = next(v for v in run.model.variables_of(path) if v.role == "bias")
    reached = float(median(run.variables.series("value_rms", bias.path)[window(run.variables.steps)]))
    return OnCurve("value_rms", reached, limit * reached / ratio)


def _ratio(run: HealthRun, layer: Layer, window: Window) -> float:
    weights = kernel(run, layer)
    bias = next((v for v in run.model.variables_of(layer.path) if v.role == "bias"), None)
    if weights is None or bias is None or weights.fan_in is None or len(layer.inputs) != 1:
        return np.nan
    samples = window(run.variables.steps)
    of_bias, of_kernel = (float(median(run.variables.series("value_rms", v.path)[samples])) for v in (bias, weights))
    contribution = of_kernel * _input_rms(run, layer.inputs[0], window) * np.sqrt(weights.fan_in)
    return of_bias / contribution if contribution > 0 else np.nan


def _input_rms(run: HealthRun, row: str, window: Window) -> float:
    if row.startswith("input/"):
        mean, std = (float(median(run.data.series(name, row))) for name in ("data_mean", "data_std"))
        return float(np.hypot(mean, std))
    return float(median(run.activations.series("activation_rms", row)[window(run.activations.steps)]))
