"""The static report: a run and its scorecard as one HTML file that opens from disk, without a server or a script.

It holds nothing but what the run and the scorecard hold, so the same run gives the same bytes. All text is escaped,
shortened to wording.LONGEST characters, and without control characters: names in a log are not to be trusted. Its
size is bounded, whatever the run: by MOST_… here and in the modules beside this one.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces import wording
from tb_nnhealth.faces.bands import bands
from tb_nnhealth.faces.evidence import MOST_PLACES, Curve, evidence
from tb_nnhealth.faces.facts import facts
from tb_nnhealth.faces.prose import rendered
from tb_nnhealth.faces.verdict import WORDS, state_of, verdict
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.drawing import HEIGHT, WIDTH, Chart, chart
from tb_nnhealth.report.heatmap import heat_maps
from tb_nnhealth.report.training import training_curves
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard

MOST_LAYERS = 200
MOST_SETTINGS = 60
MOST_OTHERS = 12

MOST_EVIDENCE = 100
"""Places of findings that are shown, of all rules together: those to be mended first."""

LAYER_STATISTICS = ("activation_std", "dead_unit_fraction", "kernel/gradient_rms", "kernel/update_ratio")
"""Columns of the layers' table, by the scorecard's names."""

_HERE = Path(__file__).parent


def html(run: HealthRun, scorecard: Scorecard) -> str:
    """Returns the report of a run.

    Args:
      run: the run.
      scorecard: the run's.
    """
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    told = facts(run)
    return _template().render(
        card=scorecard, facts=told, top=verdict(run, scorecard), style=Markup(style), style_hash=Markup(digest),
        failures=_failures(run, scorecard), others=_others(scorecard), maps=heat_maps(run, bands(scorecard)),
        curves=training_curves(run), layers=_layers(scorecard), layer_count=len(scorecard.layers),
        losses=list(dict.fromkeys(str(loss) for loss in scorecard.model["losses"] if loss)),
        layer_statistics=LAYER_STATISTICS, settings=_settings(told["model"]),
    )  # fmt: skip


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        {name: getattr(wording, name) for name in ("count", "number", "plural", "quantity", "short", "steps", "words")}
    )
    environment.filters["measured"] = measured
    environment.globals.update(words_of=WORDS, state_of=state_of, most_others=MOST_OTHERS, width=WIDTH, height=HEIGHT)
    return environment.get_template("report.html")


def measured(finding: Finding) -> str:
    """Returns what a finding's number is: a statistic, a ratio of two of them, or a share of one; a unit of its own
    says it all."""
    statistic = finding.statistic
    if statistic is None or finding.unit not in (None, "", "ratio", "fraction", "0 or 1"):
        return ""
    is_made = finding.unit in ("ratio", "fraction") and not statistic.endswith(finding.unit)
    made = {"ratio": "ratio of ", "fraction": "of the "}[finding.unit] if is_made and finding.unit else ""
    return made + wording.words(statistic)


def _shown(value: Any) -> Any:
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _failures(run: HealthRun, card: Scorecard) -> list[dict[str, Any]]:
    """Returns what has findings, in the order in which it is to be mended, with its evidence and its rule's prose."""
    verdicts = {verdict.rule.name: verdict for verdict in card.rules}
    curves = evidence(run, card.findings)
    names = list(dict.fromkeys(finding.rule for finding in card.findings))

    def address(rule: str) -> str | None:
        return f"#{rule}" if rule in names else None

    found = []
    room = MOST_EVIDENCE
    for name in names:
        own = [(finding, curve) for finding, curve in zip(card.findings, curves, strict=True) if finding.rule == name]
        diagnosis = verdicts[name].diagnosis
        shown = own[: min(MOST_PLACES, max(1, room))]
        room -= len(shown)
        found.append({
            "verdict": verdicts[name],
            "state": state_of(verdicts[name]),
            "places": [
                {"finding": finding, "chart": None if curve is None else _spark(finding, curve)}
                for finding, curve in shown
            ],
            "more": len(own) - len(shown),
            "prose": {head: Markup(rendered(text, address)) for head, text in diagnosis.prose.items()},
            "limits": _limits(verdicts[name]),
        })  # fmt: skip
    return found


def _spark(finding: Finding, picture: Mapping[str, Any]) -> Chart:
    parts = (np.array(picture[name], np.float32) for name in ("values", "low", "high"))
    row, statistic = picture["row"], picture["statistic"]
    steps = np.array(picture["steps"], np.int64)
    curve = Curve(row, statistic, picture["unit"], steps, *parts)
    place = "" if row in ("", "step") else f" of {row}"
    return chart(
        f"{wording.words(statistic)}{place}", (curve,), limit=picture["limit"], observed=picture["reached"],
        span=(finding.first_step, finding.last_step),
    )  # fmt: skip


def _limits(verdict: Verdict) -> list[dict[str, Any]]:
    """Returns the limits in force, each with its default and where that comes from."""
    known = {threshold.name: threshold for threshold in verdict.rule.thresholds}
    return [
        {"name": name, "value": value, "unit": known[name].unit, "default": known[name].value}
        for name, value in verdict.limits.items()
        if name in known
    ]


def _others(card: Scorecard) -> list[dict[str, Any]]:
    """Returns every rule with its verdict, its reason and the limits in force."""
    return [{"verdict": verdict, "state": state_of(verdict), "limits": _limits(verdict)} for verdict in card.rules]


def _layers(card: Scorecard) -> list[Mapping[str, Any]]:
    """Returns the layers of the table, in forward order: those that fail, as far as there is room, then the first."""
    order = sorted(range(len(card.layers)), key=lambda index: (card.layers[index]["status"] != "fail", index))
    return [card.layers[index] for index in sorted(order[:MOST_LAYERS])]


def _settings(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns how the model was compiled and measured, each setting as one line."""
    given = {**model["compile"], **model["sampling"]}
    lines = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in given.items()
    ]
    return lines[:MOST_SETTINGS]
