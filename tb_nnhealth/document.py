"""The scorecard's JSON, both ways. Its format is `scorecard.schema.json` beside this module.

What is read back need not have been written by this version: a rule that it does not know is kept as it is
told, and keys that it does not know are left out.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from tb_nnhealth.engine import Status, Verdict
from tb_nnhealth.rules import Diagnosis, Finding, Rule
from tb_nnhealth.rules._rule import SEVERITIES, OnCurve

if TYPE_CHECKING:
    from tb_nnhealth.scorecard import Category, Scorecard

SCHEMA_VERSION = 1

T = TypeVar("T")


class ScorecardError(ValueError):
    """What was given is no scorecard; the text is one sentence for the user."""


def document(scorecard: "Scorecard") -> dict[str, Any]:
    """Returns the scorecard as plain data: numbers to six significant digits, None for those that JSON cannot hold."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "tool_version": scorecard.tool_version,
        "run": scorecard.run,
        "created": scorecard.created,
        "model": dict(scorecard.model),
        "training": dict(scorecard.training),
        "score": scorecard.score,
        "status": scorecard.status,
        "categories": [asdict(category) for category in scorecard.categories],
        "rules": [_rule(verdict) for verdict in scorecard.rules],
        "findings": [{**asdict(finding), "others": list(finding.others)} for finding in scorecard.findings],
        "layers": [dict(layer) for layer in scorecard.layers],
    }
    strict: dict[str, Any] = _strict(content)
    return strict


def strict_json(content: Any) -> str:
    """Returns strict JSON, ending in a newline, that can be written as UTF-8 whatever names it holds."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # a lone surrogate in a name becomes JSON's escape


def parsed(text: str | bytes, make_category: "type[Category]") -> dict[str, Any]:
    """Returns the fields of the scorecard that the JSON tells.

    Raises:
      ScorecardError: the text is no JSON, of another schema version, or lacks what a scorecard has.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScorecardError(f"Expected a scorecard in JSON. Received: what is no JSON ({error})") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise ScorecardError(f"Expected a scorecard of schema_version {SCHEMA_VERSION}. Received: {version!r:.80}")
    try:
        return _fields(content, make_category)
    except (KeyError, TypeError) as error:
        raise ScorecardError(f"Expected a whole scorecard. Received: one with a fault ({error})") from error


def _rule(verdict: Verdict) -> dict[str, Any]:
    rule = verdict.rule
    return {
        "name": rule.name,
        "category": rule.category,
        "title": rule.title if verdict.status != "pass" else rule.passing_title,
        "status": verdict.status,
        "severity": verdict.severity,
        "reason": verdict.reason,
        "limits": dict(verdict.limits),
        "enabled": verdict.enabled,
        "ignore": list(verdict.ignore),
        "remedies": list(verdict.diagnosis.remedies),
        "doc": verdict.diagnosis.doc,
    }


def _fields(content: Mapping[str, Any], make_category: "type[Category]") -> dict[str, Any]:
    findings = tuple(_finding(item) for item in _typed(content, "findings", list))
    training = _typed(content, "training", dict)
    for name in ("steps", "samples", "sampled_steps", "thinned"):
        _typed(training, name, int)
    return {
        "run": _typed(content, "run", str),
        "created": _typed(content, "created", str, None),
        "model": _typed(content, "model", dict),
        "training": training,
        "score": _typed(content, "score", int, None),
        "status": _one_of(content, "status", get_args(Status)),
        "categories": tuple(
            make_category(
                _typed(item, "name", str), _typed(item, "score", int, None), _one_of(item, "status", get_args(Status))
            )
            for item in _typed(content, "categories", list)
        ),
        "rules": tuple(_verdict(item, findings) for item in _typed(content, "rules", list)),
        "findings": findings,
        "layers": tuple(_typed({"layer": item}, "layer", dict) for item in _typed(content, "layers", list)),
        "tool_version": _typed(content, "tool_version", str),
    }


def _verdict(item: Mapping[str, Any], findings: Iterable[Finding]) -> Verdict:
    """Returns the verdict with a diagnosis that holds what the scorecard tells of it, and judges nothing."""
    name, title = _typed(item, "name", str), _typed(item, "title", str)
    remedies = "\n".join(f"* {remedy}" for remedy in _texts(item, "remedies"))
    return Verdict(
        Diagnosis(
            Rule(name, _typed(item, "category", str), title, title),
            lambda run, limits: (),
            "",
            {"What to try": remedies},
        ),
        _one_of(item, "status", get_args(Status)),
        _typed(item, "limits", dict),
        tuple(finding for finding in findings if finding.rule == name),
        _typed(item, "reason", str, None),
        _typed({"enabled": True, **item}, "enabled", bool),
        _texts({"ignore": [], **item}, "ignore"),
    )


def _finding(item: Mapping[str, Any]) -> Finding:
    return Finding(
        rule=_typed(item, "rule", str),
        severity=_one_of(item, "severity", SEVERITIES),
        message=_typed(item, "message", str),
        layer=_typed(item, "layer", str, None),
        variable=_typed(item, "variable", str, None),
        tensor=_typed({"tensor": None, **item}, "tensor", str, None),
        first_step=_typed(item, "first_step", int, None),
        last_step=_typed(item, "last_step", int, None),
        statistic=_typed(item, "statistic", str, None),
        observed=_typed(item, "observed", (int, float), None),
        limit=_typed(item, "limit", (int, float), None),
        unit=_typed(item, "unit", str, None),
        others=_texts(item, "others"),
        because=_typed(item, "because", str, None),
        on_curve=_on_curve(_typed({"on_curve": None, **item}, "on_curve", dict, None)),
    )


def _on_curve(item: Mapping[str, Any] | None) -> OnCurve | None:
    if item is None:
        return None
    reached, limit = (_typed(item, key, (int, float), None) for key in ("reached", "limit"))
    return OnCurve(_typed(item, "curve", str), reached, limit)


def _typed(item: Any, key: str, types: type | tuple[type, ...], *also: None) -> Any:
    """Returns a value of an object, which is of the type, or None where that is allowed too."""
    if not isinstance(item, Mapping):
        raise TypeError(f"{item!r:.80} is no object")
    value = item[key]
    if not isinstance(value, types) and not (also and value is None):
        raise TypeError(f"{key!r} is {value!r:.80}")
    return value


def _one_of(item: Any, key: str, values: Iterable[T]) -> T:
    value: T = _typed(item, key, str)
    if value not in values:
        raise TypeError(f"{key!r} is {value!r:.80}")
    return value


def _texts(item: Any, key: str) -> tuple[str, ...]:
    values = _typed(item, key, list)
    return tuple(_typed({key: value}, key, str) for value in values)


def _strict(value: Any) -> Any:
    """Returns the value with numbers to six significant digits, and None for those that JSON cannot hold."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return value
