"""Kernels start from values that do not suit them.

## What it detects
Hidden kernels whose units all start alike (all zero, constant, or repeated columns), and kernels
whose standard deviation is far from what He, Glorot and LeCun give for their fan: one alone, several
in a row together, or a recurrent one at each time step again.

## Why it matters
Units with the same weights get the same gradient and stay the same for ever: the layer has the power
of one unit. Weights far too large or too small make the signal grow or fade from layer to layer.

## How it is decided
From the values before the first step. Identical units: any share of a hidden kernel's units above the limit is an
error, a warning where the loss falls well; a kernel of zeros in a model that learns well is no finding. Kernels of
one unit have nothing to be identical to, and the output's units are told apart by their targets. Units that start
alike stay alike only while they get the same gradient. A constant kernel's have been told apart where its layer's
biases differ (their standard deviation is above 1e-3 of the largest) and had a gradient of some size (above 1e-4 of
the kernel's, for behind a normalization it is rounding alone). Without such biases: where a kernel of zeros had a
gradient in its first sample, for the gradient of equal units with equal weights behind them, all zeros, is zero.
Zeros that are told apart are a deliberate start (LoRA, a gate, the last layer of a residual branch) and no finding;
another constant is information. Scale: the standard deviation is divided by the nearest of sqrt(2 / fan_in), sqrt(2 /
(fan_in + fan_out)) and sqrt(1 / fan_in); outside the limits it is a warning where the loss does not fall well, an
error where the whole training did not lower it by 1 %. The same holds for the product of kernels in a row, with
neither normalization nor a bounded activation function between them, and for the recurrent kernel of a `SimpleRNN`
with ReLU or no activation, whose gain counts once for each time step. Frozen kernels and embeddings are not judged,
nor is the scale of kernels of fewer than 16 weights.

By hand, before `fit`: `w = layer.kernel.numpy()`, then `w.std()` beside `np.sqrt(2 / fan_in)`, and `len(np.unique(w,
axis=-1).T)`, the number of units that differ.

## When it is wrong
Constant kernels other than zeros, without biases, are taken for ones whose units stay alike. Weights
that were loaded from a trained model may lie outside; they are judged by how the loss falls.

## What to try
* Use `he_normal` for layers with ReLU, `glorot_uniform` for tanh and sigmoid, `lecun_normal` for SELU.
* Never start a hidden kernel from zeros or a constant; biases may start from zero.
* Check that weights were loaded into the layer that they belong to.

## References
* 37 reasons why your neural network is not working, 5.2 (check weight initialization).
* My neural network isn't working! What should I do?, reason 9 (weights not initialized correctly).
* Troubleshooting CNNs, on vanishing gradients.
* He, Zhang, Ren and Sun (2015), Delving deep into rectifiers; Glorot and Bengio (2010).
"""

from collections.abc import Iterator, Mapping

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun, Variable
from tb_nnhealth.rules._layers import last_weights
from tb_nnhealth.rules._learning import learns_well, never_fell
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._scales import off_scale
from tb_nnhealth.rules._series import kernels, late, median

RULE = Rule(
    name="poor-initialization",
    category="weights",
    title="Kernels start from unsuitable values",
    passing_title="Kernels start from suitable values",
    thresholds=(
        Threshold("identical", 0.0, "fraction", "our choice: any two units alike stay alike"),
        Threshold("low", 0.1, "ratio", "He et al. (2015): an order of magnitude a layer is lost within few layers"),
        Threshold("high", 10.0, "ratio", "He et al. (2015): an order of magnitude a layer overflows within few layers"),
    ),
)

APART = 1e-3
"""Standard deviation of a layer's biases ÷ the largest of them, from which its units are no longer alike."""

ROUNDING = 1e-4
"""Gradient of the biases ÷ gradient of the kernel, up to which it may be rounding alone."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    known = [variable for variable in kernels(run) if "std" in variable.initial and not variable.left_out]
    if not known:
        raise NotJudged("the values before the first step are not known")
    learns = learns_well(run)
    alike = {v.path: _identical(v) for v in known if _must_differ(run, v) and not (learns and _zero(v))}
    alike = {path: share for path, share in alike.items() if share > limits["identical"]}
    apart = {v.path for v in known if v.path in alike and _told_apart(run, v)}
    same = tuple(path for path in alike if path not in apart)
    differ = tuple(v.path for v in known if v.path in apart and not _zero(v))
    if same:
        path, share = same[0], alike[same[0]]
        message = f"{percent(share)} of the units of {path} start with the same weights as another unit."
        severity: Severity = "warning" if learns else "error"
        yield _finding(run, severity, message, path, share, limits["identical"], "fraction", same[1:])
    elif differ:
        path, share = differ[0], alike[differ[0]]
        message = f"The units of {path} start with the same weights, but have become different since."
        yield _finding(run, "info", message, path, share, limits["identical"], "fraction", differ[1:])
    if not learns:
        yield from _of_scale(run, {v.path: v for v in known if v.path not in alike and not _constant(v)}, limits)


def _of_scale(run: HealthRun, judged: Mapping[str, Variable], limits: Limits) -> Iterator[Finding]:
    """Yields the first that holds: kernels of another scale, kernels that are so together, one that repeats it."""
    severity: Severity = "error" if never_fell(run) else "warning"
    for path, ratio, others, told in off_scale(run, judged, limits["low"], limits["high"]):
        limit = limits["low" if ratio < 1 else "high"]
        yield _finding(run, severity, told, path, ratio, limit, "ratio", others)
        return


def _finding(
    run: HealthRun,
    severity: Severity,
    message: str,
    path: str,
    observed: float,
    limit: float,
    unit: str,
    others: tuple[str, ...],
) -> Finding:
    variable = run.model.variable(path)
    layer = variable.layer if variable else None
    return Finding(RULE.name, severity, message, layer, path, None, 0, 0, "value_std", observed, limit, unit, others)


def _must_differ(run: HealthRun, variable: Variable) -> bool:
    return variable.shape[-1] > 1 and variable.layer not in last_weights(run)


def _identical(variable: Variable) -> float:
    return 1.0 if _constant(variable) else float(variable.initial.get("identical_units") or 0.0)


def _constant(variable: Variable) -> bool:
    return bool(variable.initial.get("constant"))


def _zero(variable: Variable) -> bool:
    return variable.initial.get("norm") == 0


def _told_apart(run: HealthRun, variable: Variable) -> bool:
    """Returns whether the units of a constant kernel were seen to get different gradients."""
    row = run.variables.row(variable.path)
    if row is None or not len(run.variables.steps) or not _constant(variable):
        return False
    gradient = run.variables.series("gradient_rms")
    bias = _bias(run, variable)
    window = late(run.variables.steps)
    if bias is not None and median(gradient[window, bias]) > ROUNDING * median(gradient[window, row]):
        spread, largest = (run.variables.series(name)[-1, bias] for name in ("value_std", "value_absmax"))
        return bool(spread > APART * largest)
    return _zero(variable) and bool(gradient[0, row] > 0)


def _bias(run: HealthRun, variable: Variable) -> int | None:
    """Returns the row of the biases of a kernel's units, of which each has one: the gates of a unit have several."""
    layer = run.model.layer(variable.layer)
    if layer is not None and layer.units not in (None, variable.shape[-1]):
        return None
    biases = [v for v in run.model.variables_of(variable.layer) if v.role == "bias"]
    return run.variables.row(biases[0].path) if len(biases) == 1 else None
