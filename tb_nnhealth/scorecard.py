"""The scorecard: what all faces show, and its JSON.

Its JSON (tb_nnhealth.document) is strict (no NaN), holds nothing but what the run and the settings hold (no
time of its own), and `to_json` is its only writer: the command line, the page's download and the library give
the same bytes for the same run.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from tb_nnhealth.causes import by_cause
from tb_nnhealth.configuration import Settings, checked, merged, recorded
from tb_nnhealth.diff import ScorecardDiff, diff
from tb_nnhealth.document import ScorecardError, document, parsed, strict_json
from tb_nnhealth.engine import Status, Verdict, judge
from tb_nnhealth.missing import few_here
from tb_nnhealth.project import judged_here
from tb_nnhealth.records import FloatArray, HealthRun, Layer, ModelFacts, Table, Variable
from tb_nnhealth.rules import CATEGORIES, Finding
from tb_nnhealth.rules._rule import PREFLIGHT
from tb_nnhealth.version import __version__
from tb_nnhealth.vocabulary import STATISTICS

JUDGED: tuple[Status, ...] = ("pass", "fail")

CREDIT = {None: 1.0, "info": 1.0, "warning": 0.5, "error": 0.0}
"""What a rule contributes to its category by its worst severity: nothing for an error, half for a warning."""

SUBJECTS = {
    "data": ("data_nonfinite",),
    "weights": ("value_norm",),
    "activations": ("activation_std",),
    "gradients": ("gradient_norm", "gradient_global_norm"),
    "updates": ("update_norm",),
    "loss": ("loss",),
}
"""What a category is about: where none of these was measured, it is not called healthy, whatever its other rules say.
The other categories are about what the guard and the definition of the model tell without a sample."""

LEAST_STEPS, LEAST_SAMPLES = 32, 8
"""Steps that a run must have been measured over, and sampled, to be called healthy: as many as the rule on
the loss wants, since before that no rule could have seen whether the model learns."""


@dataclass(frozen=True)
class Category:
    """A group of rules: its score within 0–100, None where no rule could judge, one broke, or nothing failed and what
    it is about was not measured or NaN cut it off."""

    name: str
    score: int | None
    status: Status


@dataclass(frozen=True)
class Scorecard:
    """The verdict on a run. `layers`, `model` and `training` are as in the JSON."""

    run: str
    created: str | None
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    score: int | None
    status: Status
    categories: tuple[Category, ...]
    rules: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    layers: tuple[Mapping[str, Any], ...]
    tool_version: str = __version__

    @classmethod
    def from_run(cls, run: HealthRun, limits: Settings | None = None) -> "Scorecard":
        """Returns the scorecard of a run, judged by what was set when it was trained.

        Args:
          run: the run.
          limits: what to set otherwise, `{rule: {threshold: value, "enabled": bool, "ignore": patterns}}`.

        Raises:
          ValueError: a rule or a threshold of `limits` does not exist, or a value is of another kind.
        """
        given = checked({} if limits is None else limits, "in limits")
        asked = [name for name in CATEGORIES if run.probes or run.flight or name != PREFLIGHT]
        every = judge(run, merged(recorded(run.project), recorded(run.limits), given))
        verdicts = tuple(verdict for verdict in every if verdict.rule.category in asked)
        few = few_here(run)
        categories = tuple(_category(name, verdicts, _is_measured(run, name, verdicts), few) for name in asked)
        findings = [finding for verdict in verdicts for finding in verdict.findings]
        status = _worst(category.status for category in categories)
        if status == "pass" and not _can_tell_health(run, verdicts):
            status = "no_data"
        return cls(
            run=run.name,
            created=_iso(run.created),
            model=_model(run.model),
            training={
                "steps": run.steps,
                "samples": run.samples,
                "sampled_steps": run.sampled_steps,
                "thinned": run.thinned,
            },
            score=None if status == "no_data" else _score(categories),
            status=status,
            categories=categories,
            rules=verdicts,
            findings=by_cause(findings),
            layers=tuple(_layers(run, findings)),
        )

    @classmethod
    def from_logdir(cls, log_dir: str | PathLike[str], limits: Settings | None = None) -> "Scorecard":
        """Returns the scorecard of the run in a log directory.

        What a `pyproject.toml` above the working directory sets of the rules stands in for what that of the
        training did; what the callback was given is kept.

        Args:
          log_dir: directory of the run.
          limits: as of `from_run`.

        Raises:
          LogError: there is no run, or it cannot be read.
          ValueError: a setting, of `limits` or of `pyproject.toml`, is not what is expected.
        """
        from tb_nnhealth.reader import read_run

        return cls.from_run(judged_here(read_run(log_dir)), limits)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Scorecard":
        """Returns the scorecard that `to_json` wrote.

        Raises:
          ValueError: the text is no scorecard, or of another schema version.
        """
        return cls(**parsed(text, Category))

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> "Scorecard":
        """Returns the scorecard in a JSON file.

        Raises:
          ValueError: the file cannot be read, or holds no scorecard.
        """
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as error:
            raise ScorecardError(f"Expected a scorecard's file. Received: {path} ({error.strerror})") from error
        except ScorecardError as error:
            raise ScorecardError(f"{error}, in {path}") from error

    def judged_of(self, category: str) -> tuple[int, int]:
        """Returns how many of a category's rules could judge, and how many it has."""
        own = [verdict.status for verdict in self.rules if verdict.rule.category == category]
        return sum(status in JUDGED for status in own), len(own)

    @property
    def failing(self) -> dict[str, Verdict]:
        """The verdicts of the rules that fail, by the rules' names."""
        return {verdict.rule.name: verdict for verdict in self.rules if verdict.status == "fail"}

    @property
    def first_to_mend(self) -> Finding | None:
        """The first finding of a rule that fails, None where none does."""
        failing = self.failing
        return next((finding for finding in self.findings if finding.rule in failing), None)

    def diff(self, other: "Scorecard") -> ScorecardDiff:
        """Returns what changed from this scorecard to a later one: what is new, worse, better, gone."""
        return diff(self, other)

    def to_dict(self) -> dict[str, Any]:
        """Returns what `to_json` writes, as plain data."""
        return document(self)

    def to_json(self) -> str:
        """Returns the scorecard as strict JSON, ending in a newline."""
        return strict_json(document(self))

    def __repr__(self) -> str:
        score = "unknown" if self.score is None else self.score
        return f"<Scorecard of {self.run!r}: {self.status}, score {score}, {len(self.findings)} findings>"


def _category(name: str, verdicts: Iterable[Verdict], is_measured: bool = True, few: str | None = None) -> Category:
    """Returns a category's verdict; it passes only where what it is about was measured, no NaN cut that off, and enough
    of it is here (else `few` is the reason that its rules gave); the preflight where enough of it was judged."""
    own = [verdict for verdict in verdicts if verdict.rule.category == name]
    status = "error" if any(verdict.status == "error" for verdict in own) else _worst(v.status for v in own)
    cut_short = any(few and verdict.reason == few and verdict.rule.min_samples > 1 for verdict in own)
    cut_off = any(verdict.cut_off is not None for verdict in own)
    judged = [verdict for verdict in own if verdict.status in JUDGED]
    weight = sum(verdict.rule.weight for verdict in judged)
    is_known = name != PREFLIGHT or is_enough(len(judged), len(own))
    if status == "pass" and (not (is_known and is_measured and weight) or cut_short or cut_off):
        return Category(name, None, "no_data")
    if status == "error" or not weight:
        return Category(name, None, status)
    credit = sum(verdict.rule.weight * CREDIT[verdict.severity] for verdict in judged)
    return Category(name, round(100 * credit / weight), status)


def is_enough(judged: int, whole: int) -> bool:
    """Returns whether so many of a preflight's experiments were judged that it may be called passed: half of them."""
    return judged > 0 and 2 * judged >= whole


def untried(run: HealthRun, verdicts: Iterable[Verdict]) -> list[str]:
    """Returns the probes without a verdict that could not be made, failed or were short of time."""
    judged = {verdict.rule.name for verdict in verdicts if verdict.status in JUDGED}
    return [name for name, probed in run.probes.items() if probed.unfinished and name not in judged]


def _is_measured(run: HealthRun, category: str, verdicts: Iterable[Verdict]) -> bool:
    """Returns whether anything was measured of what a category is about, and of a preflight all that concerns it."""
    if category == PREFLIGHT and untried(run, verdicts):
        return False
    subject = [STATISTICS[name] for name in SUBJECTS.get(category, ())]
    return not subject or any(run.table(statistic.scope).samples(statistic.name) for statistic in subject)


def _score(categories: Iterable[Category]) -> int | None:
    """Returns the worst category's score, None where nothing was judged or a category is unknown."""
    categories = tuple(categories)
    if any(category.status == "error" for category in categories):
        return None
    return min((category.score for category in categories if category.score is not None), default=None)


def _can_tell_health(run: HealthRun, verdicts: Iterable[Verdict]) -> bool:
    """Returns whether finding nothing means something: the run is long enough, something of the model was
    measured, and a rule that follows the run has judged."""
    measured = run.steps - int(run.step.steps.min(initial=run.steps))
    is_long = measured >= LEAST_STEPS and run.sampled_steps >= LEAST_SAMPLES
    is_seen = bool(run.variables.rows or run.activations.rows)
    follows = any(verdict.status == "pass" and verdict.rule.min_samples > 1 for verdict in verdicts)
    return is_long and is_seen and follows


def _worst(statuses: Iterable[Status]) -> Status:
    """Returns fail before error before pass; no_data only where there is nothing else."""
    given = set(statuses)
    order: tuple[Status, ...] = ("fail", "error", "pass")
    return next((status for status in order if status in given), "no_data")


def _model(model: ModelFacts) -> dict[str, Any]:
    optimizer = model.compile.get("optimizer") or {}
    return {
        "name": model.name,
        "class": model.class_name,
        "parameters": model.parameters,
        "trainable_parameters": model.trainable_parameters,
        "optimizer": optimizer.get("class_name"),
        "losses": [loss.get("class_name") for loss in model.compile.get("losses") or []],
        "inputs": [tensor.name for tensor in model.tensors("input")],
    }


def _layers(run: HealthRun, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    variables: dict[str, list[Variable]] = defaultdict(list)
    for variable in run.model.variables:
        variables[variable.layer].append(variable)
    failed = {
        place
        for finding in findings
        if finding.severity != "info"
        for place in (finding.layer, finding.variable, *finding.others)
    }
    last = {scope: _last(run.table(scope)) for scope in ("activation", "variable")}
    return [_layer(layer, variables[layer.path], last, failed) for layer in run.model.layers]


def _layer(
    layer: Layer, variables: list[Variable], last: Mapping[str, Mapping[str, dict[str, float]]], failed: set[str | None]
) -> dict[str, Any]:
    roles = [variable.role for variable in variables]
    labels = {row: "" if index == 0 else f"{row}/" for index, row in enumerate(layer.rows)}
    statistics = _labelled(last["activation"], labels)
    labels = {v.path: f"{v.role if roles.count(v.role) == 1 else v.path}/" for v in variables}
    statistics |= _labelled(last["variable"], labels)
    fails = not failed.isdisjoint([layer.path, *layer.rows, *labels])
    return {
        "path": layer.path,
        "class": layer.class_name,
        "trainable": layer.trainable,
        "parameters": layer.parameters,
        "statistics": statistics,
        "status": "fail" if fails else "pass" if statistics else "no_data",
    }


def _labelled(last: Mapping[str, dict[str, float]], labels: Mapping[str, str]) -> dict[str, float]:
    return {f"{label}{name}": value for row, label in labels.items() for name, value in last.get(row, {}).items()}


def _last(table: Table) -> dict[str, dict[str, float]]:
    """Returns the last measured values: `{row: {statistic: value}}`, without those that never were."""
    last = {name: _last_finite(table.series(name)).tolist() for name in table.columns if table.samples(name)}
    return {
        row: {name: values[index] for name, values in last.items() if math.isfinite(values[index])}
        for index, row in enumerate(table.rows)
    }


def _last_finite(series: FloatArray) -> FloatArray:
    """Returns the last finite value of each row of `[steps, rows]`, what is not finite where there is none."""
    last: FloatArray = series[-1].copy()
    lost = ~np.isfinite(last)
    if lost.any():
        backwards = series[::-1, lost]
        latest = np.isfinite(backwards).argmax(axis=0)
        last[lost] = np.take_along_axis(backwards, latest[None], axis=0)[0]
    return last


def _iso(seconds: float) -> str | None:
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
