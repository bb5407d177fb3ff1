"""Scorecards as SARIF 2.1.0, which code scanning services show as alerts.

Format: Static Analysis Results Interchange Format 2.1.0, OASIS Standard, 2020. A finding lies in a layer or
variable of a model, or in a tensor of the batch: its logical location. Services want a physical one too, and refuse a
file without: that is the log directory in which the finding was seen, of which nobody can name a line, so that it is
always line 1.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tb_nnhealth.document import strict_json
from tb_nnhealth.engine import Verdict
from tb_nnhealth.rules import HEADINGS, Finding
from tb_nnhealth.scorecard import Scorecard
from tb_nnhealth.version import __version__

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

LEVELS = {"info": "note", "warning": "warning", "error": "error"}
"""SARIF's levels by our severities."""

MOST_RUNS = 20
"""As many runs GitHub takes in one file: docs.github.com, SARIF support for code scanning."""

EVIDENCE = ("first_step", "last_step", "statistic", "observed", "limit", "unit")


def sarif(scorecards: Mapping[str, tuple[Scorecard, str]]) -> str:
    """Returns the scorecards as SARIF, a run of ours as a run of SARIF's.

    Args:
      scorecards: by the names of their runs, each with the directory it was read from.
    """
    runs = [_run(name, scorecard, path) for name, (scorecard, path) in scorecards.items()]
    return strict_json({"$schema": SCHEMA, "version": "2.1.0", "runs": runs})


def _run(name: str, scorecard: Scorecard, path: str) -> dict[str, Any]:
    indices = {verdict.rule.name: index for index, verdict in enumerate(scorecard.rules)}
    document = scorecard.to_dict()
    return {
        "tool": {
            "driver": {
                "name": "tb_nnhealth",
                "version": __version__,
                "rules": [_rule(verdict) for verdict in scorecard.rules],
            }
        },
        "automationDetails": {"id": f"nnhealth/{name}/"},
        "invocations": [_invocation(scorecard.rules)],
        "results": [
            _result(finding, told, indices[finding.rule], path)
            for finding, told in zip(scorecard.findings, document["findings"], strict=True)
        ],
        "properties": {key: document[key] for key in ("status", "score", "created", "model", "training")},
    }


def _rule(verdict: Verdict) -> dict[str, Any]:
    rule, prose = verdict.rule, verdict.diagnosis.prose
    markdown = "\n\n".join(f"## {heading}\n\n{prose[heading]}" for heading in HEADINGS if heading in prose)
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": verdict.diagnosis.summary or rule.title},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": [rule.category], "limits": dict(verdict.limits), "ignore": list(verdict.ignore)},
    }


def _invocation(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Returns what became of the rules: which were off, which could not judge and why, which broke."""
    return {
        "executionSuccessful": all(verdict.status != "error" for verdict in verdicts),
        "ruleConfigurationOverrides": [
            {"descriptor": {"id": verdict.rule.name, "index": index}, "configuration": {"enabled": False}}
            for index, verdict in enumerate(verdicts)
            if not verdict.enabled
        ],
        "toolExecutionNotifications": list(_notifications(verdicts)),
    }


def _notifications(verdicts: Sequence[Verdict]) -> Iterator[dict[str, Any]]:
    for index, verdict in enumerate(verdicts):
        if verdict.enabled and verdict.status in ("no_data", "error"):
            yield {
                "level": "error" if verdict.status == "error" else "note",
                "message": {"text": f"{verdict.rule.name}, {verdict.status}: {verdict.reason}"},
                "associatedRule": {"id": verdict.rule.name, "index": index},
            }


def _result(finding: Finding, told: Mapping[str, Any], index: int, path: str) -> dict[str, Any]:
    evidence = {key: told[key] for key in EVIDENCE if told[key] is not None}
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": {"startLine": 1}}}
    places = [{"fullyQualifiedName": place, "kind": kind} for kind, place in _places(finding)]
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": finding.message.replace("](", "]\\(")},  # `[…](…)` would be a link, of a name in the log
        "locations": [{**location, "logicalLocations": places} if places else location],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(finding)},
        "properties": {**evidence, "others": list(finding.others)},
    }


def _places(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.layer is not None:
        yield "layer", finding.layer
    if finding.variable is not None:
        yield "variable", finding.variable
    if finding.tensor is not None:
        yield "tensor", finding.tensor


def _fingerprint(finding: Finding) -> str:
    """Returns what tells an alert from others of its run: all stand in the same line of the same directory."""
    place = "\0".join([finding.rule, finding.layer or "", finding.variable or "", finding.tensor or ""])
    return hashlib.sha256(place.encode("utf-8", "backslashreplace")).hexdigest()[:16] + ":1"


def _uri(path: str) -> str:
    """Returns the path relative to the working directory, as services resolve it in a checkout, or as a file's URI."""
    if "://" in path:
        return path
    absolute = Path(os.path.abspath(path))
    try:
        return quote(os.fsencode(absolute.relative_to(os.getcwd()).as_posix()))
    except ValueError:
        return absolute.as_uri()
