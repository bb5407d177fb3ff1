"""What was found, in the order in which it is to be mended, and every rule with the limits in force."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces import wording
from tb_nnhealth.faces.evidence import MOST_PLACES, Curve, evidence
from tb_nnhealth.faces.prose import rendered
from tb_nnhealth.faces.verdict import state_of
from tb_nnhealth.records import HealthRun, IntArray
from tb_nnhealth.report.drawing import Chart, chart
from tb_nnhealth.rules import Finding
from tb_nnhealth.scorecard import Scorecard

MOST_EVIDENCE = 100
"""Places of findings that are shown, of all rules together: those to be mended first."""


def failures(run: HealthRun, card: Scorecard) -> list[dict[str, Any]]:
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
                {
                    "finding": finding,
                    "chart": None if curve is None else _spark(finding, curve),
                    "observed_in_chart": in_chart(finding.observed, finding, curve, "reached"),
                    "limit_in_chart": in_chart(finding.limit, finding, curve, "limit"),
                }
                for finding, curve in shown
            ],
            "more": len(own) - len(shown),
            "prose": {head: Markup(rendered(text, address)) for head, text in diagnosis.prose.items()},
            "limits": _limits(verdicts[name]),
        })  # fmt: skip
    return found


def _spark(finding: Finding, picture: Mapping[str, Any]) -> Chart:
    values, low, high = (np.array(picture[name], np.float32) for name in ("values", "low", "high"))
    row, statistic = picture["row"], picture["statistic"]
    steps = np.array(picture["steps"], np.int64)
    lost = np.array(picture["lost"], bool)
    curve = Curve(row, statistic, picture["unit"], steps, values, low, high, lost)
    place = {"": ", by epoch", "step": ""}.get(row, f" of {row}")  # Without a row it is what Keras logs of epochs.
    title = f"{wording.words(statistic)}{place}{_since(steps, lost)}"
    return chart(
        title, (curve,), limit=picture["limit"], observed=picture["reached"],
        span=(finding.first_step, finding.last_step),
    )  # fmt: skip


def _since(steps: IntArray, lost: NDArray[np.bool_]) -> str:
    """Returns from when on NaN or infinity were seen in what a picture draws."""
    return f", NaN from step {int(steps[lost.argmax()]):,}" if lost.any() else ""


def _limits(verdict: Verdict) -> list[dict[str, Any]]:
    """Returns the limits in force, each with its default and where that comes from."""
    known = {threshold.name: threshold for threshold in verdict.rule.thresholds}
    return [
        {"name": name, "value": value, "unit": known[name].unit, "default": known[name].value}
        for name, value in verdict.limits.items()
        if name in known
    ]


def others(card: Scorecard) -> list[dict[str, Any]]:
    """Returns every rule with its verdict, its reason and the limits in force."""
    return [{"verdict": verdict, "state": state_of(verdict), "limits": _limits(verdict)} for verdict in card.rules]


def measured(finding: Finding) -> str:
    """Returns what stands before a finding's number: the statistic, a ratio of two of them, a share of one, or a name
    of its own; "Measured" where a unit says it all."""
    if finding.unit in wording.NAMES:
        return wording.capital(finding.unit or "")
    if finding.statistic is None or finding.unit not in (None, "", "ratio", "fraction", "0 or 1"):
        return "Measured"
    name = wording.words(finding.statistic.removeprefix("metric/"))
    is_made = finding.unit in ("ratio", "fraction") and not finding.statistic.endswith(finding.unit)
    made = {"ratio": "ratio of ", "fraction": "share of the "}[finding.unit] if is_made and finding.unit else ""
    return wording.capital(made + name)


def in_chart(value: float | None, finding: Finding, curve: Mapping[str, Any] | None, name: str) -> str:
    """Returns what stands in the chart for a finding's number, " (13.4 in the chart)"; nothing where it is the same.

    Args:
      value: of the finding, in its unit.
      finding: the finding.
      curve: its evidence as a curve, None where it has none.
      name: which value of the curve is meant: "reached" or "limit".
    """
    own = wording.quantity(value, finding.unit)
    drawn = None if curve is None or curve[name] is None else wording.quantity(curve[name], curve["unit"])
    return "" if drawn in (None, own) else f" ({drawn} in the chart)"
