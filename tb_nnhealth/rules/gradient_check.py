"""Back-propagation gives another gradient than the function has.

## What it detects
A layer, loss or regularizer of one's own, or a function given to a layer, whose gradient is not that of what it
computes: a wrong `tf.custom_gradient`, one term whose derivative is off, an operation that has none (rounding,
`argmax`, a cast to whole numbers), a `stop_gradient` in the only way to a variable.

## Why it matters
Training with a wrong gradient often goes on, only worse, and nothing says so. Where no gradient comes through, whatever
lies before it stays as it was initialized.

## How it is decided
Preflight traces one training step of a few examples, rewrites its graph into float64, random numbers fixed, and moves
the weights by a hundredth, away from zeros, where kinks are. Then it compares slopes along random directions: the
gradient's with that of central differences at steps from 1e-2 to 1e-7 of the values' scale, extrapolated. Each layer
and loss of one's own, what a layer adds to the loss, and each regularizer is compared by itself, on its real inputs, by
each of its inputs and variables; then the loss of the whole model, by all variables and by each.

The error is the median over the directions of the difference, divided by the larger of the slope and of what the
gradient's slope usually is. Finite differences tell their own error: estimates at other steps, and from the two sides.
A kink makes these differ; such directions are dropped and counted. An error counts that is ten times as large as that,
by the bands of CS231n, which the message names: above 1e-2 "the gradient is probably wrong"; between 1e-4 and 1e-2 it
"should make you feel uncomfortable"; up to 1e-4 is "okay for objectives with kinks", and without kinks "too high"; of
1e-7 and less "you should be happy". Between these two it leaves open what to think of smooth functions. The rule begins
at 1e-6, fifty times the largest error of 26 healthy models that counts, 2e-8 (docs/calibration.md): 1e-7 is near that.

Nothing comes through where the gradient is zero here and at points farther away, while the function changes: an error,
where a variable gets no other gradient. A gradient that is NaN or infinite is an error, where that reaches the loss.

What is probably meant so is information: a gradient behind a step function ("straight through"), or through what rounds
beside other terms and so jumps, such as Keras' quantized layers, which differences cannot check; another one than that
of a layer which changes nothing (gradient reversal), and one that agrees when what `stop_gradient` holds stays as it
is. Where the model has its own `train_step`, a variable without a gradient is information, too: it may be updated
otherwise; what it does with the answers is not looked at, which is told. Where a graph cannot be had in float64, only
whether gradients come through is judged. A gradient that the model's own variables get in another way than the
rewritten graph is not judged.

## When it is wrong
A gradient may differ on purpose: clipped, smoothed or scaled in a `tf.custom_gradient`. A mistake in code that the
first examples do not reach is not seen, nor one by less than the limits. What runs within a loop of one's own is
compared with it only. A gradient by hand through what rounds may be wrong all the same, and so may one in the model's
own `call` before it.

## What to try
* Leave the gradient to TensorFlow: take `tf.custom_gradient` away, and compare.
* Replace rounding, `argmax` and comparisons by something smooth: softmax, sigmoid, `x + stop_gradient(round(x) - x)`.
* Take `stop_gradient` and casts to whole numbers out of the way to weights that are to learn.
* Freeze with `trainable = False` what is not to learn.

## References
* CS231n, Learning: gradient checks, http://cs231n.github.io/neural-networks-3/#gradcheck.
* 37 reasons why your neural network is not working, 4.11 (check your gradients) and 4.7 (custom layers).
"""

import math
from collections.abc import Iterable, Iterator, Sequence

from tb_nnhealth.numbers import whole as whole_number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._comparison import Comparison, compared, innermost
from tb_nnhealth.rules._probe import probed, records_of, text_of, value_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold

_CS231N = "CS231n, gradient checks: "

RULE = Rule(
    name="gradient-check",
    category="preflight",
    title="A gradient is not that of what is computed",
    passing_title="Gradients agree with finite differences",
    thresholds=(
        Threshold("wrong", 1e-2, "ratio", _CS231N + "above 1e-2 the gradient is probably wrong"),
        Threshold("kinks", 1e-4, "ratio", _CS231N + "up to 1e-4 is usually okay for objectives with kinks"),
        Threshold(
            "smooth",
            1e-6,
            "ratio",
            _CS231N + "1e-4 is too high without kinks; docs/calibration.md#gradients-against-finite-differences",
        ),
    ),
    judges_nonfinite=True,
)


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    found = probed(run, RULE.name, "model", "loss")
    checks = [compared(record) for record in records_of(found, "checks")]
    is_double = text_of(found, "precision") == "float64"
    if not is_double and not any(each.is_blocked for each in checks):
        raise NotJudged("the step cannot be computed in float64, and float32's rounding hides what may be off")
    if not any(each.is_blocked or each.is_nonfinite or math.isfinite(each.error) for each in checks):
        raise NotJudged("no direction was free of kinks and noise" if checks else "nothing could be compared")
    judged = checks if is_double else [each for each in checks if each.is_blocked]
    findings = list(_findings(judged, value_of(found, "has_own_step") == 1, limits))
    undone = value_of(found, "undone")
    if undone > 0 and all(finding.severity == "info" for finding in findings):
        raise NotJudged(f"{whole_number(undone)} comparisons did not fit into the budget, and the others agree")
    yield from findings
    if value_of(found, "has_own_step") == 1 and not findings:
        told = "The layers' gradients agree; what the model's own train_step does with its answers was not looked at."
        yield Finding(RULE.name, "info", told, observed=0.0, limit=limits["wrong"], unit="ratio")


def _findings(checks: Sequence[Comparison], has_own_step: bool, limits: Limits) -> Iterator[Finding]:
    whole = [each for each in checks if each.kind == "model"]
    reaches = any(each.is_nonfinite for each in whole)  # Else the loss does not depend on what is NaN in a part.
    parts = [each for each in checks if each.kind != "model" and (reaches or not each.is_nonfinite)]
    odd = innermost([each for each in parts if each.is_blocked or each.is_off(limits)])
    blocked, off = ([each for each in odd if each.is_blocked is kind] for kind in (True, False))
    yield from _blocked(blocked, whole, has_own_step, limits)
    for place in dict.fromkeys(each.place for each in off):
        yield _off([each for each in off if each.place == place], limits)
    rest = [each for each in whole if each.is_off(limits) and not (blocked and each.purpose(limits))]
    if rest and not off:
        yield _off(rest, limits)


def _off(same: Sequence[Comparison], limits: Limits) -> Finding:
    """Returns the finding of a part, or of the model, by whatever its gradient is off."""
    meant = [each for each in same if each.purpose(limits)]
    rest = [each for each in same if not each.purpose(limits)]
    worst = max(rest or meant, key=lambda each: math.inf if each.is_nonfinite else each.error)
    is_wrong = worst.is_nonfinite or worst.error > limits["wrong"]
    severity: Severity = "info" if not rest else "error" if is_wrong else "warning"
    limit = limits["wrong"] if severity == "error" else worst.limit(limits)
    return Finding(
        RULE.name,
        severity,
        worst.told(worst.purpose(limits) if severity == "info" else ""),
        layer=worst.layer,
        variable=worst.by if worst.kind in ("model", "regularizer") and worst.by else None,
        observed=1.0 if worst.is_nonfinite else worst.error,
        limit=limit,
        unit="ratio",
        others=_others(same, worst),
    )


def _blocked(
    parts: Sequence[Comparison], whole: Iterable[Comparison], has_own_step: bool, limits: Limits
) -> Iterator[Finding]:
    """Yields where no gradient comes through, and which variables get none for that."""
    starved = tuple(each.by for each in whole if each.is_blocked and each.by)
    if not parts and not starved:
        return
    severity: Severity = "error" if starved and not has_own_step else "info"
    what = f"{len(starved)} variables" if len(starved) > 1 else starved[0] if starved else ""
    if parts:
        first = parts[0]
        ending = f", and {what} get{'' if len(starved) > 1 else 's'} none at all." if starved else ": on purpose?"
        message = f"No gradient comes through {first.place} by {first.by}{first.having}{ending}"
    else:
        message = f"The loss changes with {what}, and no gradient comes back to {'them' if len(starved) > 1 else 'it'}."
    layer = parts[0].layer if parts else None
    yield Finding(
        RULE.name,
        severity,
        message,
        layer=layer,
        variable=starved[0] if starved and not layer else None,
        observed=1.0,
        limit=limits["wrong"],
        unit="ratio",
        others=starved[0 if layer else 1 :],
    )


def _others(same: Sequence[Comparison], worst: Comparison) -> tuple[str, ...]:
    names = (each.by for each in same if each is not worst and each.by and not each.by.startswith("input"))
    return tuple(dict.fromkeys(names))
