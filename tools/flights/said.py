"""What the rules say of a flight."""

from collections.abc import Mapping
from dataclasses import dataclass

from tb_nnhealth import Scorecard
from tb_nnhealth.rules._rule import PREFLIGHT
from tests.flight.zoo import Flight
from tools.accuracy.store import Run, read


@dataclass(frozen=True)
class Said:
    """The probe that a flight is for, what was expected, and what each probe and the other rules said.

    `missed` is why the probe is known not to find it, empty where it must. `probes` are the states of the probes'
    rules: "fail", "pass", "no_data", "error"; `others` the further rules that fail; `messages` those of the findings of
    the rules that fail, and the reasons of those without a verdict.
    """

    probe: str
    name: str
    expected: frozenset[str]
    missed: str
    probes: Mapping[str, str]
    others: tuple[str, ...]
    messages: Mapping[str, str]
    seconds: float


def said(probe: str, flight: Flight, run: Run) -> Said:
    """Returns what is said of a flight that has flown, by the present rules."""
    card = Scorecard.from_logdir(run.logs)
    messages = {verdict.rule.name: verdict.reason for verdict in card.rules if verdict.reason}
    for finding in card.findings:
        messages.setdefault(finding.rule, finding.message)
    return Said(
        probe,
        flight.name,
        flight.expected,
        flight.missed,
        {verdict.rule.name: verdict.status for verdict in card.rules if verdict.rule.category == PREFLIGHT},
        tuple(name for name, verdict in card.failing.items() if verdict.rule.category != PREFLIGHT),
        messages,
        read(run.trained)["seconds"],
    )
