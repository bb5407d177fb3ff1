"""Which findings are the cause, and which are its symptoms: the order in which they are to be mended.

A network that dies trips many rules. `CAUSES` says of a symptom what may have brought it about, the nearest cause
first; where such a cause was found too, the symptom stands below it and names it, and the cause names its symptoms.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tb_nnhealth.rules import DIAGNOSES, Finding
from tb_nnhealth.rules._rule import SEVERITIES

_TARGETS = ("label-out-of-range", "loss-label-mismatch", "target-scale")
_INPUTS = ("unnormalized-input", "pretrained-input-range", "uneven-feature-scale", "bad-input-values")
_HEAD = ("loss-activation-mismatch", "output-range", "duplicate-activation", *_TARGETS)
_RATE = ("high-update-ratio", "learning-rate-value")
_START = ("poor-initialization", "large-bias")
_DEPTH = ("saturating-hidden-activation", "deep-plain-network")
_BATCHES = ("single-label-batch", "class-imbalance", "batch-size")
_MEMORY = ("no-regularization", "few-samples")
_CAPACITY = ("dropout-placement", "layer-width", "weight-decay-dominates", "loss-weights", "missing-nonlinearity")
_BLOCKED = (
    "unchanged-variable",
    "missing-gradient",
    "vanishing-gradient",
    "dead-units",
    "saturated-activation",
    "frozen-variables",
)
_TOO_SLOW = ("low-update-ratio", "learning-rate-schedule", "too-few-updates")
_TOO_FAST = ("exploding-gradient", "weight-growth", "unbounded-loss", *_RATE)
_GIVEN = (*_START, *_INPUTS, *_HEAD)

CAUSES: Mapping[str, tuple[str, ...]] = {
    "unnormalized-input": ("pretrained-input-range",),
    "label-out-of-range": ("loss-label-mismatch",),
    "loss-reduction": _TARGETS[:2],
    "nonfinite-values": (*_TOO_FAST, *_GIVEN, "loss-reduction"),
    "unbounded-loss": _HEAD,
    "weight-growth": ("unbounded-loss", "exploding-gradient", *_RATE, *_INPUTS, *_TARGETS),
    "exploding-gradient": (
        "unbounded-loss",
        *_RATE[1:],
        "weight-decay-dominates",
        *_GIVEN,
        "loss-weights",
        "loss-reduction",
    ),
    "high-update-ratio": (
        "unbounded-loss",
        "learning-rate-value",
        "weight-decay-dominates",
        *_START,
        *_INPUTS,
        *_TARGETS,
        "loss-reduction",
    ),
    "clipping-always": ("exploding-gradient", *_INPUTS, *_TARGETS, "loss-reduction"),
    "dead-units": (
        *_TOO_FAST,
        *_START,
        *_INPUTS,
        "target-scale",
        "weight-decay-dominates",
        "deep-plain-network",
        "layer-width",
        "loss-reduction",
        "batch-size",
    ),
    "saturated-activation": (*_TOO_FAST, *_START, *_INPUTS, "saturating-hidden-activation", "loss-reduction"),
    "activation-scale": ("weight-growth", *_START, *_INPUTS, "deep-plain-network"),
    "activation-offset": (*_START, *_INPUTS),
    "non-gaussian-weights": ("weight-growth", *_RATE, "poor-initialization", *_INPUTS),
    "non-gaussian-update": ("dead-units", "exploding-gradient", *_INPUTS),
    "vanishing-gradient": ("dead-units", "saturated-activation", *_DEPTH, *_START, *_INPUTS, *_RATE),
    "missing-gradient": ("dead-units", "saturated-activation", *_HEAD, *_RATE),
    "unchanged-variable": (
        "missing-gradient",
        "vanishing-gradient",
        "dead-units",
        "saturated-activation",
        "learning-rate-schedule",
        "low-update-ratio",
        "frozen-variables",
        "learning-rate-value",
        "weight-decay-dominates",
        "loss-weights",
        *_HEAD,
    ),
    "low-update-ratio": (
        "vanishing-gradient",
        "dead-units",
        "saturated-activation",
        "clipping-always",
        "learning-rate-schedule",
        "learning-rate-value",
        "too-few-updates",
        *_DEPTH,
        *_GIVEN,
    ),
    "learning-rate-schedule": ("learning-rate-value",),
    "no-regularization": ("train-eval-mismatch", "class-imbalance", "few-samples"),
    "batch-size": ("few-samples",),
    "too-few-updates": ("batch-size",),
    "single-label-batch": ("data-order",),
    "initial-loss": ("poor-initialization", "activation-scale", *_INPUTS, *_HEAD, "data-order"),
    "increasing-loss": (*_TOO_FAST, *_GIVEN, "loss-reduction"),
    "oscillating-loss": (*_TOO_FAST, *_BATCHES, *_INPUTS, *_TARGETS),
    "collapsed-output": (*_BLOCKED, *_TOO_FAST, *_TOO_SLOW, *_DEPTH, *_BATCHES, *_CAPACITY, *_GIVEN),
    "metric-disagrees": ("metric-loss-mismatch", *_BATCHES, *_HEAD),
    "no-better-than-trivial": (
        "train-eval-mismatch",
        "collapsed-output",
        *_BLOCKED,
        *_TOO_FAST,
        *_TOO_SLOW,
        *_DEPTH,
        *_BATCHES,
        *_MEMORY,
        *_CAPACITY,
        *_GIVEN,
    ),
    "stalled-loss": (
        "increasing-loss",
        "no-better-than-trivial",
        "collapsed-output",
        *_BLOCKED,
        *_TOO_FAST,
        *_TOO_SLOW,
        *_DEPTH,
        *_BATCHES,
        *_CAPACITY,
        *_GIVEN,
    ),
    "underfitting": ("stalled-loss", "no-better-than-trivial", *_CAPACITY, *_TOO_SLOW, *_TOO_FAST, *_BLOCKED, *_GIVEN),
    "still-improving": (*_TOO_SLOW, "learning-rate-value", "batch-size"),
    "train-eval-mismatch": ("single-label-batch", "batch-size", "dropout-placement"),
    "overfit-tiny-batch": (
        *_BLOCKED,
        *_HEAD,
        *_START,
        "bad-input-values",
        "unnormalized-input",
        "collapsed-output",
        "random-input",
    ),
    "random-input": ("bad-input-values", "loss-activation-mismatch", "dead-units", "saturated-activation"),
    "learning-rate-range": ("learning-rate-value",),
    "simple-baseline": ("random-input",),
    "overfitting": ("train-eval-mismatch", "few-samples", "no-regularization", "layer-width"),
}
"""The rules that may bring a rule's finding about, the nearest first."""

_OF_A_HIGH_RATE = frozenset(
    {
        "nonfinite-values",
        "weight-growth",
        "exploding-gradient",
        "high-update-ratio",
        "dead-units",
        "saturated-activation",
        "vanishing-gradient",
        "missing-gradient",
        "non-gaussian-weights",
        "increasing-loss",
        "oscillating-loss",
    }
)
"""What of `learning-rate-value` only a rate that is too high brings about, or one below zero."""

_OF_A_LOW_RATE = frozenset({"unchanged-variable", "low-update-ratio", "learning-rate-schedule", "still-improving"})
"""And only one that is too low."""

_ORDER = {name: index for index, name in enumerate(DIAGNOSES)}


def by_cause(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Returns the findings in the order in which they are to be mended, each symptom told of its cause.

    Each cause is followed by its symptoms, the nearest first. A cause comes before another whose gravest symptom is
    less severe, then in the order of the rules, which is that of what is given, the forward pass, the backward pass,
    the step and the result. Findings of severity info have no symptoms and are none: they come last, those first that
    a statistic of the training shows.

    Args:
      findings: the findings of all rules.
    """
    findings = list(findings)
    grave = [finding for finding in findings if finding.severity != "info"]
    because = _nearest_causes(grave)
    chains = {finding.rule: _chain(finding.rule, because) for finding in grave}
    roots = {rule: chain[-1] for rule, chain in chains.items()}
    gravest = {
        root: max(SEVERITIES.index(finding.severity) for finding in grave if roots[finding.rule] == root)
        for root in set(roots.values())
    }
    ordered = sorted(
        grave,
        key=lambda finding: (
            -gravest[roots[finding.rule]],
            _ORDER.get(roots[finding.rule], 0),
            len(chains[finding.rule]),
            -SEVERITIES.index(finding.severity),
            _ORDER.get(finding.rule, 0),
        ),
    )
    symptoms = {root: [rule for rule in roots if roots[rule] == root != rule] for root in gravest}
    informative = sorted(
        (finding for finding in findings if finding.severity == "info"), key=lambda finding: finding.statistic is None
    )
    return (*_told(ordered, because, symptoms), *informative)


def _nearest_causes(findings: Iterable[Finding]) -> dict[str, str]:
    found = {finding.rule: finding for finding in findings}
    nearest = {
        rule: next((c for c in CAUSES.get(rule, ()) if c in found and _may_bring_about(found[c], found[rule])), None)
        for rule in found
    }
    return {rule: cause for rule, cause in nearest.items() if cause is not None}


def _may_bring_about(cause: Finding, symptom: Finding) -> bool:
    """Returns whether a finding can be the cause: nothing in the model makes its inputs or targets infinite, a learning
    rate that is too low is no cause of what a high one does, and a layer of which many units live blocks nothing. The
    size of batches kills units only under a batch normalization, which makes zeros of a single example."""
    if symptom.rule == "nonfinite-values" and symptom.statistic == "data_nonfinite":
        return cause.rule == "bad-input-values"
    if cause.rule == "dead-units":
        return cause.severity == "error"
    if cause.rule == "batch-size" and symptom.rule == "dead-units":
        return cause.layer is not None
    rate, limit = cause.observed, cause.limit
    if cause.rule != "learning-rate-value" or rate is None or limit is None:
        return True
    is_low = rate == 0 or 0 < rate < limit
    return symptom.rule not in (_OF_A_HIGH_RATE if is_low else _OF_A_LOW_RATE)


def _chain(rule: str, because: Mapping[str, str]) -> list[str]:
    """Returns a rule, its cause, the cause of that, and so on."""
    return [rule, *_chain(because[rule], because)] if rule in because else [rule]


def _told(
    ordered: Iterable[Finding], because: Mapping[str, str], symptoms: Mapping[str, list[str]]
) -> Iterator[Finding]:
    """Yields the findings with their causes; the first of a root's findings with its symptoms among the others."""
    told: set[str] = set()
    for finding in ordered:
        if finding.rule in because:
            cause = because[finding.rule]
            yield replace(finding, message=_because(finding.message, cause), because=cause)
        elif finding.rule in told:
            yield finding
        else:
            told.add(finding.rule)
            names = sorted(symptoms[finding.rule], key=lambda rule: _ORDER.get(rule, 0))
            yield replace(finding, others=(*finding.others, *map(_title, names)))


def _because(message: str, cause: str) -> str:
    title = _title(cause)
    return f"{message.rstrip('.')}, probably because {title[:1].lower()}{title[1:]}."


def _title(rule: str) -> str:
    return DIAGNOSES[rule].rule.title
