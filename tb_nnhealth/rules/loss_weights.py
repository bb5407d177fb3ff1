"""One part of the loss drowns the rest.

## What it detects
Trainings in which regularization, what layers add by `add_loss`, or the loss of one of several outputs makes up nearly
all of the total.

## Why it matters
The gradient follows the largest term. What the others ask for is not learnt.

## How it is decided
The medians of the parts over the late samples are divided by the total: what is no data loss, called regularization
where a layer has a regularizer, and, with several outputs, each output's loss times its weight against their sum. A
share above the limit is a warning where nothing is learnt, else information. That of an output is also a warning where
training has ended, or been long, and another output, whose weight is not zero, is no better than its own constant
answer: the total falls without it. It is enough there that the share was such at the first samples, where the other
output has less weight. Regularization of any share is a warning where it is larger than the loss of a constant answer:
weights of zero would then have a lower total than these. Where it, or what layers add, had such a share of the first
losses, and less than a hundredth of it is left at the end, the training followed little else. That is a warning where
more than half of what the data loss had to lose is left.

A preflight's first steps are judged by the penalties on weights that are Keras' own `L1`, `L2` or both: a warning where
regularization has more than that share of the loss, and the gradient of these penalties is more than `pull` times as
large as that of the data loss, by the same weights of the first batch. They then go to zero,
or near to it, before much is learnt.

## When it is wrong
A part may be large and yet have a small gradient. Of a model with regularizers, what its layers add by `add_loss` is
counted with these. A penalty may be too strong although it pulls less than that: a preflight tells the plain
cases only. An output may stay at a constant answer because nothing in the
inputs tells it.

## What to try
* Lower the regularization: `keras.regularizers.L2(1e-4)` is a usual strength.
* Give what a layer adds a smaller factor: of a VAE's divergence, one that grows from zero.
* Set `loss_weights` so that the outputs' losses are of the same size, or scale targets to a variance of one.

## References
* 37 reasons why your neural network is not working, 4.5 (adjust loss weights) and 5.4 (reduce regularization).
"""

from collections.abc import Iterator, Mapping, Sequence

from tb_nnhealth.numbers import percent
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._data_loss import share_left
from tb_nnhealth.rules._learning import BETTER_THAN_TRIVIAL, HALF, severity_of_symptom
from tb_nnhealth.rules._loss import has_settled
from tb_nnhealth.rules._parts import first_median, late_median, of_first_steps, weighted_outputs, weights_of
from tb_nnhealth.rules._rule import Finding, Limits, NotJudged, Rule, Severity, Threshold
from tb_nnhealth.rules._series import late, span
from tb_nnhealth.rules._trivial import over_trivial_by_output, trivial_loss

RULE = Rule(
    name="loss-weights",
    category="loss",
    title="One part of the loss drowns the rest",
    passing_title="No part of the loss drowns the rest",
    needs=("loss",),
    min_samples=4,
    judges_first_steps=True,
    thresholds=(
        Threshold("share", 0.9, "fraction", "nine tenths: the others change the direction by a few degrees"),
        Threshold("pull", 20.0, "ratio", "docs/calibration.md#penalties-before-a-training: 7.5 where much is learnt"),
    ),
)

REGULARIZATION, ADDED = "regularization", "what layers add to the loss"
"""What there is beside the data loss: the one asks for small weights or outputs, the other may ask for anything."""

GONE = 0.01
"""Share of the first regularization that is left where the training has followed nothing else."""


def check(run: HealthRun, limits: Limits) -> Iterator[Finding]:
    if run.untrained:
        yield from of_first_steps(run, RULE.name, limits)
        return
    total, added = late_median(run, "loss"), _added(run)
    parts = {added: late_median(run, "regularization_loss")} if total > 0 else {}
    parts = {name: value / total for name, value in parts.items() if value > 0}
    outputs = weighted_outputs(run, late_median)
    of_all = sum(value for value in outputs.values() if value > 0)
    if len(outputs) > 1 and of_all > 0:
        parts |= {_named(name): value / of_all for name, value in outputs.items()}
    if not parts:
        raise NotJudged("the loss has one part only")
    name, share = max(parts.items(), key=lambda part: part[1])
    penalty, trivial = parts.get(REGULARIZATION, 0.0), trivial_loss(run)
    if penalty * total > trivial:
        told = f"Regularization makes up {percent(penalty)} of the loss, more than a constant answer has."
        yield _finding(run, REGULARIZATION, "warning", told, penalty, trivial / total)
    elif share > limits["share"]:
        drowned = _drowned(run, outputs, name)
        told = f"{_capital(name)} makes up {percent(share)} of the loss{_told(drowned)}."
        severity: Severity = "warning" if drowned else severity_of_symptom(run)
        yield _finding(run, name, severity, told, share, limits["share"])
    else:
        yield from _led(run, outputs, limits["share"])
        yield from _paid_off(run, limits["share"])


def _added(run: HealthRun) -> str:
    """Returns what the loss is called that is no data loss."""
    return REGULARIZATION if any(layer.regularized for layer in run.model.layers) else ADDED


def _drowned(run: HealthRun, outputs: Mapping[str, float], largest: str) -> list[str]:
    """Returns the outputs beside the largest part, which is one, that count and are no better than constant answers."""
    if not has_settled(run) or largest not in map(_named, outputs):
        return []
    ratios = over_trivial_by_output(run)
    others = [name for name, value in outputs.items() if value > 0 and _named(name) != largest]
    return [name for name in others if ratios.get(name, 0.0) >= BETTER_THAN_TRIVIAL]


def _named(output: str) -> str:
    return f"the output {output}"


def _capital(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}"


def _told(drowned: Sequence[str]) -> str:
    verb = "is" if len(drowned) == 1 else "are"
    return f", and {', '.join(map(_named, drowned))} {verb} no better than a constant answer" if drowned else ""


def _finding(run: HealthRun, part: str, severity: Severity, message: str, observed: float, limit: float) -> Finding:
    steps, predictions = run.step.steps, run.model.tensors("prediction")
    return Finding(
        RULE.name,
        severity,
        message,
        tensor=next((prediction.place for prediction in predictions if _named(prediction.name) == part), None),
        **span(steps[late(steps)]),
        statistic="regularization_loss" if part in (REGULARIZATION, ADDED) else "loss",
        observed=observed,
        limit=limit,
        unit="fraction",
    )


def _led(run: HealthRun, outputs: Mapping[str, float], limit: float) -> Iterator[Finding]:
    """Yields the finding where an output was most of the first losses, and others of less weight were not learnt."""
    first = {name: value for name, value in weighted_outputs(run, first_median).items() if value > 0}
    name, largest = max(first.items(), key=lambda item: item[1], default=("", 0.0))
    share = largest / sum(first.values()) if first else 0.0
    weights, drowned = weights_of(run), _drowned(run, outputs, _named(name))
    drowned = [other for other in drowned if weights.get(other, 1.0) < weights.get(name, 1.0)]
    if len(first) > 1 and share > limit and drowned:
        told = f"{_capital(_named(name))} made up {percent(share)} of the first losses{_told(drowned)}."
        yield _finding(run, _named(name), "warning", told, share, limit)


def _paid_off(run: HealthRun, limit: float) -> Iterator[Finding]:
    """Yields the finding where what is no data loss was most of the loss and is gone, and the data loss stayed."""
    first, total = (first_median(run, name) for name in ("regularization_loss", "loss"))
    share = first / total if total > 0 else 0.0
    left = late_median(run, "regularization_loss") / first if first > 0 else 1.0
    if not share > limit or not left < GONE or not share_left(run) > HALF:
        return
    yield Finding(
        RULE.name,
        "warning",
        f"{_capital(_added(run))} made up {percent(share)} of the first losses, and {percent(1 - left)} of it is gone: "
        f"the data loss has kept {percent(share_left(run))} of what it had to lose.",
        **span(run.step.steps),
        statistic="regularization_loss",
        observed=share,
        limit=limit,
        unit="fraction",
    )
