"""Which finding is the one to mend first."""

import graphlib
from dataclasses import replace

import pytest

from tb_nnhealth.causes import CAUSES, by_cause
from tb_nnhealth.rules import DIAGNOSES, Finding


def _finding(rule: str, severity: str = "error", layer: str | None = None) -> Finding:
    return Finding(rule, severity, f"What {rule} says.", layer=layer)


def test_the_graph_speaks_of_rules_and_has_no_circle() -> None:
    assert {name for symptom, causes in CAUSES.items() for name in (symptom, *causes)} <= set(DIAGNOSES)
    tuple(graphlib.TopologicalSorter(CAUSES).static_order())
    assert all(len(set(causes)) == len(causes) for causes in CAUSES.values())


@pytest.mark.parametrize(
    "chain",
    [
        ("unnormalized-input", "exploding-gradient", "nonfinite-values"),
        ("learning-rate-value", "high-update-ratio", "dead-units", "stalled-loss"),
        ("poor-initialization", "dead-units", "stalled-loss"),
        (
            "saturating-hidden-activation",
            "saturated-activation",
            "vanishing-gradient",
            "unchanged-variable",
            "stalled-loss",
        ),
        ("loss-activation-mismatch", "no-better-than-trivial", "stalled-loss"),
        ("single-label-batch", "no-better-than-trivial", "stalled-loss"),
        ("frozen-variables", "unchanged-variable", "stalled-loss"),
        ("batch-size", "too-few-updates", "still-improving"),
        ("learning-rate-schedule", "unchanged-variable", "no-better-than-trivial"),
        ("weight-decay-dominates", "high-update-ratio", "dead-units"),
        ("deep-plain-network", "dead-units", "low-update-ratio"),
        ("few-samples", "no-regularization", "no-better-than-trivial"),
        ("pretrained-input-range", "unnormalized-input", "no-better-than-trivial"),
        ("loss-label-mismatch", "label-out-of-range", "no-better-than-trivial"),
        ("layer-width", "dead-units", "collapsed-output"),
        ("loss-reduction", "high-update-ratio", "nonfinite-values"),
        ("unbounded-loss", "weight-growth", "nonfinite-values"),
        ("train-eval-mismatch", "no-better-than-trivial"),
        ("bad-input-values", "random-input", "simple-baseline"),
        ("bad-input-values", "overfit-tiny-batch"),
        ("loss-activation-mismatch", "random-input", "simple-baseline"),
        ("random-input", "overfit-tiny-batch"),
        ("data-order", "initial-loss"),
        ("data-order", "single-label-batch", "no-better-than-trivial"),
    ],
)
def test_a_chain_is_told_from_its_cause(chain: tuple[str, ...]) -> None:
    found = by_cause(reversed([_finding(rule) for rule in chain]))
    cause, *symptoms = found
    assert cause.rule == chain[0] and cause.because is None
    titles = [DIAGNOSES[name].rule.title for name in sorted(chain[1:], key=list(DIAGNOSES).index)]
    assert list(cause.others) == titles
    assert [(f.rule, f.because) for f in symptoms] == list(zip(chain[1:], chain, strict=False))
    title = DIAGNOSES[chain[0]].rule.title
    message = next(f.message for f in symptoms if f.because == chain[0])
    assert message.endswith(f", probably because {title[0].lower()}{title[1:]}.")


def test_information_that_the_training_shows_comes_before_what_was_known_before_it() -> None:
    known, seen = _finding("few-samples", "info"), replace(_finding("still-improving", "info"), statistic="loss")
    assert [finding.rule for finding in by_cause([known, seen])] == ["still-improving", "few-samples"]


@pytest.mark.parametrize(("severity", "cause"), [("error", "dead-units"), ("warning", None)])
def test_a_layer_of_which_many_units_live_blocks_nothing(severity: str, cause: str | None) -> None:
    found = by_cause([_finding("dead-units", severity), _finding("no-better-than-trivial", "error")])
    assert {finding.rule: finding.because for finding in found}["no-better-than-trivial"] == cause
    assert found[0].rule == (cause or "no-better-than-trivial")


@pytest.mark.parametrize(("layer", "cause"), [("batch_normalization", "batch-size"), (None, None)])
def test_batches_of_one_kill_units_under_batch_normalization_only(layer: str | None, cause: str | None) -> None:
    found = {f.rule: f for f in by_cause([_finding("batch-size", "warning", layer), _finding("dead-units")])}
    assert found["dead-units"].because == cause


@pytest.mark.parametrize(
    ("rate", "limit", "symptom", "is_cause"),
    [
        (0.0, 0.0, "nonfinite-values", False),
        (0.0, 0.0, "unchanged-variable", True),
        (1e-7, 1e-5, "high-update-ratio", False),
        (1e-7, 1e-5, "stalled-loss", True),
        (-0.1, 0.0, "increasing-loss", True),
        (0.5, 0.1, "nonfinite-values", True),
        (0.5, 0.1, "low-update-ratio", False),
        (0.5, 0.1, "stalled-loss", True),
    ],
)
def test_a_rate_causes_what_is_on_its_side(rate: float, limit: float, symptom: str, is_cause: bool) -> None:
    of_rate = replace(_finding("learning-rate-value"), observed=rate, limit=limit)
    found = {finding.rule: finding for finding in by_cause([of_rate, _finding(symptom)])}
    assert found[symptom].because == ("learning-rate-value" if is_cause else None)


@pytest.mark.parametrize(
    ("statistic", "expected"), [("data_nonfinite", None), ("value_nonfinite", "exploding-gradient")]
)
def test_nothing_in_the_model_makes_its_inputs_infinite(statistic: str, expected: str | None) -> None:
    nonfinite = replace(_finding("nonfinite-values"), statistic=statistic)
    found = {finding.rule: finding for finding in by_cause([_finding("exploding-gradient"), nonfinite])}
    assert found["nonfinite-values"].because == expected
    found = {finding.rule: finding for finding in by_cause([_finding("bad-input-values"), nonfinite])}
    assert found["nonfinite-values"].because == "bad-input-values"


def test_the_cause_of_the_gravest_symptom_comes_first() -> None:
    found = by_cause(
        [_finding("missing-nonlinearity", "warning"), _finding("batch-size", "warning"), _finding("too-few-updates")]
    )
    assert [f.rule for f in found] == ["batch-size", "too-few-updates", "missing-nonlinearity"]


def test_information_explains_nothing_and_comes_last() -> None:
    found = by_cause([_finding("batch-size", "info"), _finding("too-few-updates", "warning")])
    assert [(f.rule, f.because) for f in found] == [("too-few-updates", None), ("batch-size", None)]


def test_findings_of_one_rule_stay_together_and_the_first_names_the_symptoms() -> None:
    found = by_cause(
        [_finding("stalled-loss"), _finding("dead-units", "warning", "a"), _finding("dead-units", "error", "b")]
    )
    assert [(f.rule, f.layer) for f in found] == [("dead-units", "b"), ("dead-units", "a"), ("stalled-loss", None)]
    assert found[0].others == (DIAGNOSES["stalled-loss"].rule.title,) and not found[1].others


def test_nothing_found() -> None:
    assert by_cause([]) == ()
