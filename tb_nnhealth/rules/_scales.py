"""What the values that kernels start from make of the scale of a signal, beside the standard schemes."""

import math
from collections.abc import Iterator, Mapping

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun, Layer, Variable
from tb_nnhealth.rules._inputs import is_outside
from tb_nnhealth.rules._layers import before, hidden_activation, kernel, outputs

LEAST_WEIGHTS = 16

NOTABLE = 1.25
"""Factor up to which a deviation is that of a few weights, not of the initializer."""

UNBOUNDED = (None, "linear", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")
"""Activation functions that hand the scale of a signal on."""


Scale = tuple[str, float, tuple[str, ...], str]
"""A kernel's path, its scale ÷ the one it should have, other kernels that have a part in it, and a sentence."""


def off_scale(run: HealthRun, judged: Mapping[str, Variable], low: float, high: float) -> Iterator[Scale]:
    """Yields what starts outside the limits: kernels by themselves, then several in a row, then those in time.

    Args:
      run: the run.
      judged: the kernels to judge, by their paths.
      low: the smallest scale relative to the one that a kernel should have.
      high: the largest.
    """
    for path, ratio, others, told in (*_alone(judged, low, high), *_in_a_row(run, judged), *_in_time(run)):
        if is_outside(ratio, low, high):
            yield path, ratio, others, told


def _alone(judged: Mapping[str, Variable], low: float, high: float) -> Iterator[Scale]:
    off = {path: ratio for path, v in judged.items() if is_outside(ratio := scale(v), low, high)}
    for path, ratio in off.items():
        told = f"The standard deviation of {path} starts at {number(ratio)} times what its fan asks for."
        yield path, ratio, tuple(other for other in off if other != path), told


def _in_a_row(run: HealthRun, judged: Mapping[str, Variable]) -> Iterator[Scale]:
    for row in rows_of_kernels(run):
        ratios = {v.path: scale(v) for v in reversed(row) if v.path in judged}
        off = [path for path, ratio in ratios.items() if is_outside(ratio, 1 / NOTABLE, NOTABLE)]
        gain = math.prod(ratios[path] for path in off)
        told = (
            f"The standard deviations of {len(off)} kernels in a row start at {number(gain)} times what their fans "
            "ask for."
        )
        yield from ((path, gain, tuple(off[1:]), told) for path in off[:1])


def _in_time(run: HealthRun) -> Iterator[Scale]:
    for variable, growth in recurrent_growth(run):
        told = f"{variable.path} starts so large that states grow {number(growth)} times from the first to the last."
        yield variable.path, max(1.0, growth), (), told


def scale(variable: Variable) -> float:
    """Returns the standard deviation relative to the nearest standard scheme: 1 within their range or unknown.

    The schemes are sqrt(2 / fan_in) of He, sqrt(2 / (fan_in + fan_out)) of Glorot, sqrt(1 / fan_in) of LeCun.
    """
    std, fan_in, fan_out = variable.initial.get("std"), variable.fan_in, variable.fan_out
    if std is None or not fan_in or variable.size < LEAST_WEIGHTS:
        return 1.0
    schemes = [math.sqrt(2 / fan_in), math.sqrt(2 / (fan_in + (fan_out or fan_in))), math.sqrt(1 / fan_in)]
    if std < min(schemes):
        return float(std / min(schemes))
    return float(max(1.0, std / max(schemes)))


def rows_of_kernels(run: HealthRun) -> Iterator[list[Variable]]:
    """Yields rows of kernels through which a signal keeps its scale: without normalization, and without an
    activation function that bounds it, between them. They end at an output, and go back as far as is known."""
    for output in outputs(run):
        row: list[Variable] = []
        for layer in (output, *before(run, output)):
            if row and (layer.normalizes or not _hands_on(run, layer)):
                yield row
                row = []
            weights = kernel(run, layer)
            row += [weights] if weights is not None and weights.role == "kernel" else []
        if row:
            yield row


def _hands_on(run: HealthRun, layer: Layer) -> bool:
    return layer.activation in UNBOUNDED and hidden_activation(run, layer) in UNBOUNDED


def recurrent_growth(run: HealthRun) -> Iterator[tuple[Variable, float]]:
    """Yields the recurrent kernels whose states have no bound, and how many times they start to let them grow.

    A kernel of standard deviation s over n units multiplies the norm of a state by about s sqrt(n) at each time
    step, and ReLU, which passes half of it, by s sqrt(n / 2); the time steps are those of the input.
    """
    lengths = [tensor.shape[1] or 0 for tensor in run.model.tensors("input") if len(tensor.shape) > 1]
    for variable in run.model.variables:
        layer, std = run.model.layer(variable.layer), variable.initial.get("std")
        if layer is None or variable.left_out or std is None:
            continue
        if variable.role != "recurrent_kernel" or layer.class_name != "SimpleRNN":
            continue
        if layer.activation in (None, "linear", "relu") and lengths:
            passed = 0.5 if layer.activation == "relu" else 1.0
            gain = float(std) * math.sqrt(passed * variable.shape[0])
            yield variable, math.exp(min(700.0, max(lengths) * math.log(max(gain, 1e-300))))
