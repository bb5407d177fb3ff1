"""What users set of the rules: limits, rules that are off, layers that a rule leaves out.

It has one form everywhere, in `pyproject.toml`, as an argument and in a run's manifest:

    {"dead-units": {"warning": 0.6, "ignore": ["encoder/*"]}, "few-samples": {"enabled": False}}
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Real
from typing import Any

from tb_nnhealth.rules import DIAGNOSES, Limits, Rule

ENABLED, IGNORE = "enabled", "ignore"
"""What can be set of a rule beside its thresholds: no threshold may have these names."""

RULES: Mapping[str, Rule] = {name: diagnosis.rule for name, diagnosis in DIAGNOSES.items()}

Settings = Mapping[str, Mapping[str, Any]]


class SettingsError(ValueError):
    """A setting is not what is expected; the text is one sentence for the user."""


@dataclass(frozen=True)
class RuleSettings:
    """What is in force of a rule: its limits, whether it judges, and patterns of the layers it leaves out."""

    limits: Limits
    enabled: bool = True
    ignore: tuple[str, ...] = ()


def checked(settings: Any, where: str, rules: Mapping[str, Rule] = RULES) -> dict[str, dict[str, Any]]:
    """Returns the settings with patterns as a tuple and limits as numbers of Python.

    Args:
      settings: `{rule: {threshold: value, "enabled": bool, "ignore": pattern or patterns}}`.
      where: where they stand, for the message.
      rules: the rules that there are, by name.

    Raises:
      SettingsError: a rule or a threshold does not exist, or a value is of another kind.
    """
    if not isinstance(settings, Mapping):
        raise SettingsError(f"Expected settings as {{rule: {{threshold: value}}}}. Received: {settings!r} {where}")
    for name in settings:
        if name not in rules:
            raise SettingsError(
                f"Expected the name of a rule{perhaps(name, rules)}; `nnhealth rules` lists them. "
                f"Received: {name!r} {where}"
            )
    return {name: _checked_rule(rules[name], own, where) for name, own in settings.items()}


def recorded(settings: Settings, rules: Mapping[str, Rule] = RULES) -> dict[str, dict[str, Any]]:
    """Returns those settings of a run's manifest that this version knows: another one may have written them."""
    known: dict[str, dict[str, Any]] = {}
    for name, own in settings.items():
        for key, value in own.items():
            try:
                known = merged(known, checked({name: {key: value}}, "", rules))
            except SettingsError:
                continue
    return known


def merged(*tables: Settings) -> dict[str, dict[str, Any]]:
    """Returns the settings of all tables; what a later one sets replaces what an earlier one did."""
    result: dict[str, dict[str, Any]] = {}
    for table in tables:
        for name, own in table.items():
            result[name] = {**result.get(name, {}), **own}
    return result


def in_force(rule: Rule, settings: Settings) -> RuleSettings:
    """Returns what is in force of a rule, its defaults where nothing was set."""
    own = dict(settings.get(rule.name, {}))
    enabled, ignore = own.pop(ENABLED, True), own.pop(IGNORE, ())
    return RuleSettings({**rule.limits, **own}, enabled, ignore)


def perhaps(name: Any, names: Iterable[str]) -> str:
    """Returns ", perhaps <the nearest name>", or nothing where none is near."""
    near = get_close_matches(str(name).replace("_", "-"), names, n=1, cutoff=0.4)
    near = near or get_close_matches(str(name), names, n=1, cutoff=0.4)
    return f", perhaps {near[0]}" if near else ""


def _checked_rule(rule: Rule, own: Any, where: str) -> dict[str, Any]:
    if not isinstance(own, Mapping):
        raise SettingsError(f"Expected {rule.name} as a table of settings. Received: {rule.name}={own!r} {where}")
    return {key: _checked_value(rule, key, value, where) for key, value in own.items()}


def _checked_value(rule: Rule, key: Any, value: Any, where: str) -> Any:
    if key == ENABLED:
        usable, expected, result = isinstance(value, bool), "true or false", value
    elif key == IGNORE:
        patterns = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else ("",)
        usable = all(isinstance(pattern, str) and pattern for pattern in patterns)
        expected, result = 'a pattern of layer paths such as "encoder/*", or a list of them', patterns
    elif key in rule.limits:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        result = float(value) if is_number and not isinstance(value, int) else value
        usable, expected = is_number and abs(result) <= sys.float_info.max, "a finite number"
    else:
        names = [*rule.limits, ENABLED, IGNORE]
        raise SettingsError(
            f"Expected a setting of {rule.name}, one of {', '.join(names)}{perhaps(key, names)}. "
            f"Received: {key!r} {where}"
        )
    if not usable:
        raise SettingsError(f"Expected {rule.name}.{key} as {expected}. Received: {rule.name}.{key}={value!r} {where}")
    return result
