"""Runs every rule on a run: each passes, fails, lacks data, or breaks without harming the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from tb_nnhealth.configuration import Settings, checked, in_force
from tb_nnhealth.ignoring import of_other_layers, without_layers
from tb_nnhealth.missing import few_here
from tb_nnhealth.nonfinite import samples as taken
from tb_nnhealth.records import HealthRun, NonFinite, Table
from tb_nnhealth.rules import DIAGNOSES, Diagnosis, Finding, Limits, NotJudged, Rule
from tb_nnhealth.rules._rule import SEVERITIES, Severity
from tb_nnhealth.rules._series import before
from tb_nnhealth.rules.nonfinite_values import first_nonfinite
from tb_nnhealth.vocabulary import STATISTICS

UNTRAINED = "the model was not trained yet"
"""Why a rule that needs a training has no verdict after a preflight alone."""

Status = Literal["pass", "fail", "no_data", "error"]


@dataclass(frozen=True)
class Verdict:
    """What one rule said: `reason` tells why there is no verdict.

    `limits` are those that were in force; `enabled` is False where the rule was turned off, `ignore` are the
    patterns of the layers that it left out. `cut_off` is the step from which on NaN kept it from what it follows, None
    where none did.
    """

    diagnosis: Diagnosis
    status: Status
    limits: Limits
    findings: tuple[Finding, ...] = ()
    reason: str | None = None
    enabled: bool = True
    ignore: tuple[str, ...] = ()
    cut_off: int | None = None

    @property
    def rule(self) -> Rule:
        return self.diagnosis.rule

    @property
    def severity(self) -> Severity | None:
        """The worst severity among the findings, None without findings."""
        return max((finding.severity for finding in self.findings), key=SEVERITIES.index, default=None)


def judge(
    run: HealthRun,
    settings: Settings | None = None,
    diagnoses: Iterable[Diagnosis] = tuple(DIAGNOSES.values()),
) -> tuple[Verdict, ...]:
    """Returns the verdict of every rule, in the rules' order.

    Findings of severity info do not fail a rule. From the first non-finite value on, what the other
    rules would say is a consequence of it: they judge what came before.

    Args:
      run: the run.
      settings: other limits than the defaults, rules that are off, layers that a rule leaves out
        (tb_nnhealth.configuration).
      diagnoses: the rules.

    Raises:
      SettingsError: a rule or a threshold of `settings` does not exist, or a value is of another kind.
    """
    diagnoses = tuple(diagnoses)
    rules = {rule.name: rule for diagnosis in diagnoses for rule in (diagnosis.rule, *diagnosis.rule.consults)}
    settings = checked(settings or {}, "in settings", rules)
    event = first_nonfinite(run)
    finite = run if event is None else before(run, event.first_step)
    return tuple(
        _verdict(diagnosis, run if diagnosis.rule.judges_nonfinite else finite, settings, run, event)
        for diagnosis in diagnoses
    )


def _verdict(
    diagnosis: Diagnosis, run: HealthRun, settings: Settings, whole: HealthRun, event: NonFinite | None
) -> Verdict:
    """Returns what a rule says of a run, which is the whole one as far as the rule may see it."""
    own = in_force(diagnosis.rule, settings)
    limits = (own.limits, *(in_force(rule, settings).limits for rule in diagnosis.rule.consults))
    said = partial(Verdict, diagnosis, limits=own.limits, enabled=own.enabled, ignore=own.ignore)
    if not own.enabled:
        return said("no_data", reason="turned off by the settings")
    said = partial(said, cut_off=_cut_off(diagnosis.rule, event))
    if diagnosis.rule.min_samples > 1 and run.untrained and not diagnosis.rule.judges_first_steps:
        return said("no_data", reason=UNTRAINED)
    if diagnosis.rule.min_samples > 1 and (few := few_here(run)):
        return said("no_data", reason=few)
    seen = without_layers(run, own.ignore) if own.ignore else run
    if _lacking(diagnosis.rule, seen, _finite):
        every = without_layers(whole, own.ignore) if own.ignore else whole
        return said("no_data", reason=_lacking(diagnosis.rule, every, taken) or _lost(event))
    try:
        with np.errstate(all="ignore"):  # What overflows is infinite, and compared as such.
            findings = tuple(of_other_layers(diagnosis.check(seen, *limits), run.model, own.ignore))
    except NotJudged as reason:
        return said("no_data", reason=str(reason))
    except Exception as error:  # a broken rule must not take the others with it
        return said("error", reason=f"{type(error).__name__}: {error}")
    failed = any(finding.severity != "info" for finding in findings)
    return said("fail" if failed else "pass", findings=findings)


def _cut_off(rule: Rule, event: NonFinite | None) -> int | None:
    """Returns from which step on NaN keeps a rule from what it follows: the training, or the batches, where NaN stands
    in these. A rule that is content with one sample of something else had it."""
    if event is None or rule.judges_nonfinite or not rule.needs:
        return None
    is_in_batch = any(place.stage == "input" for place in event.places)
    return event.first_step if rule.min_samples > 1 or (is_in_batch and rule.category == "data") else None


def _lost(event: NonFinite | None) -> str:
    """Returns why what was measured of a run is too little."""
    if event is None:
        return "too little of what was measured is finite"
    return f"NaN or infinity appears at step {event.first_step}, and too little was measured before it"


def _lacking(rule: Rule, run: HealthRun, samples: Callable[[HealthRun, Table, str], int]) -> str | None:
    """Returns what a rule needs and a run does not have, None where it has all.

    Args:
      rule: the rule.
      run: the run.
      samples: returns at how many steps a statistic of a table counts as measured.
    """
    for name in rule.needs:
        table, told = run.table(STATISTICS[name].scope), STATISTICS[name].words
        count = samples(run, table, name)
        if not count:
            return rule.absent if table.values.size and rule.absent else f"{told} was not measured"
        if count < rule.min_samples:
            return f"{told} was measured at {count} of the {rule.min_samples} steps that a verdict needs"
    return None


def _finite(_: HealthRun, table: Table, statistic: str) -> int:
    return table.samples(statistic)
