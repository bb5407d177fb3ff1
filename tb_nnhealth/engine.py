"""Runs every rule on a run: each passes, fails, lacks data, or breaks without harming the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules import DIAGNOSES, Diagnosis, Finding, Limits, NotJudged, Rule
from tb_nnhealth.rules._rule import SEVERITIES, Severity
from tb_nnhealth.rules._series import before
from tb_nnhealth.rules.nonfinite_values import first_nonfinite
from tb_nnhealth.vocabulary import STATISTICS

Status = Literal["pass", "fail", "no_data", "error"]


@dataclass(frozen=True)
class Verdict:
    """What one rule said: `reason` tells why there is no verdict, `limits` are those that were in force."""

    diagnosis: Diagnosis
    status: Status
    limits: Limits
    findings: tuple[Finding, ...] = ()
    reason: str | None = None

    @property
    def rule(self) -> Rule:
        return self.diagnosis.rule

    @property
    def severity(self) -> Severity | None:
        """The worst severity among the findings, None without findings."""
        return max((finding.severity for finding in self.findings), key=SEVERITIES.index, default=None)


def judge(
    run: HealthRun,
    limits: Mapping[str, Limits] | None = None,
    diagnoses: Iterable[Diagnosis] = tuple(DIAGNOSES.values()),
) -> tuple[Verdict, ...]:
    """Returns the verdict of every rule, in the rules' order.

    Findings of severity info do not fail a rule. From the first non-finite value on, what the other
    rules would say is a consequence of it: they judge what came before.

    Args:
      run: the run.
      limits: other limits than the defaults, `{rule: {threshold: value}}`.
      diagnoses: the rules.

    Raises:
      ValueError: a rule or a threshold of `limits` does not exist.
    """
    diagnoses = tuple(diagnoses)
    in_force = _in_force(diagnoses, limits or {})
    event = first_nonfinite(run)
    finite = run if event is None else before(run, event[0])
    return tuple(
        _verdict(diagnosis, run if diagnosis.rule.judges_nonfinite else finite, in_force[diagnosis.rule.name])
        for diagnosis in diagnoses
    )


def _in_force(diagnoses: tuple[Diagnosis, ...], limits: Mapping[str, Limits]) -> dict[str, Limits]:
    defaults = {diagnosis.rule.name: diagnosis.rule.limits for diagnosis in diagnoses}
    for name, given in limits.items():
        if name not in defaults:
            raise ValueError(f"Expected limits for one of the rules {', '.join(defaults)}. Received: {name!r}")
        unknown = set(given) - set(defaults[name])
        if unknown:
            raise ValueError(
                f"Expected limits of {name} among {', '.join(defaults[name])}. Received: {', '.join(sorted(unknown))}"
            )
    return {name: {**default, **limits.get(name, {})} for name, default in defaults.items()}


def _verdict(diagnosis: Diagnosis, run: HealthRun, limits: Limits) -> Verdict:
    lacking = _lacking(diagnosis.rule, run)
    if lacking:
        return Verdict(diagnosis, "no_data", limits, reason=lacking)
    try:
        findings = tuple(diagnosis.check(run, limits))
    except NotJudged as reason:
        return Verdict(diagnosis, "no_data", limits, reason=str(reason))
    except Exception as error:  # a broken rule must not take the others with it
        return Verdict(diagnosis, "error", limits, reason=f"{type(error).__name__}: {error}")
    failed = any(finding.severity != "info" for finding in findings)
    return Verdict(diagnosis, "fail" if failed else "pass", limits, findings)


def _lacking(rule: Rule, run: HealthRun) -> str | None:
    for name in rule.needs:
        samples = _samples(run, name)
        if not samples:
            return f"{name} was not measured"
        if samples < rule.min_samples:
            return f"{name} was measured at {samples} of the {rule.min_samples} steps that a verdict needs"
    return None


def _samples(run: HealthRun, statistic: str) -> int:
    series = run.table(STATISTICS[statistic].scope).series(statistic)
    return int(np.count_nonzero(~np.isnan(series).all(axis=1))) if series.size else 0
