"""What was said of a run beside what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults.registry import Entry


@dataclass(frozen=True)
class Outcome:
    """A judged run of a case.

    Attributes:
        part: "programs", "zoo" or "blind".
        name: The case's.
        kind: Architecture and task.
        held_out: Whether the case is in the third that no limit is calibrated on.
        seed: That of the run.
        expected: Rules of which each names the cause, `UNNAMED` where none can; empty for a healthy case.
        also: Rules that are neither right nor wrong of it.
        informs: Whether a finding that only informs counts.
        findings: `(rule, severity)` as they are shown, the first one first.
        steps: Steps trained.
        raised: The class of what the training raised, None where it ended well.
        no_data: Reasons of the rules that could not judge.
        broken: Errors of the rules that broke.
    """

    part: str
    name: str
    kind: str
    held_out: bool
    seed: int
    expected: frozenset[str]
    also: frozenset[str]
    informs: bool
    findings: tuple[tuple[str, str], ...]
    steps: int
    raised: str | None
    no_data: Mapping[str, str]
    broken: Mapping[str, str]

    @property
    def sick(self) -> bool:
        return bool(self.expected)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The findings that count, `(rule, severity)`: warnings and errors, and what informs where that does."""
        return tuple(finding for finding in self.findings if self.informs or finding[1] != "info")

    @property
    def found(self) -> bool:
        """Whether a finding names the cause."""
        return any(rule in self.expected for rule, _ in self.said)

    @property
    def found_first(self) -> bool:
        """Whether the first finding does."""
        return bool(self.said) and self.said[0][0] in self.expected

    @property
    def erred(self) -> bool:
        """Whether there is an error."""
        return any(severity == "error" for _, severity in self.said)


def outcome(entry: Entry, verdict: Mapping[str, Any]) -> Outcome:
    """Returns the outcome of a verdict that `judge` gave."""
    case = entry.case
    return Outcome(
        part=entry.part,
        name=case.name,
        kind=case.kind,
        held_out=entry.held_out,
        seed=verdict["seed"],
        expected=case.expected,
        also=case.also,
        informs=case.informs,
        findings=tuple((finding["rule"], finding["severity"]) for finding in verdict["findings"]),
        steps=verdict["steps"],
        raised=verdict["raised"],
        no_data=verdict["no_data"],
        broken=verdict["broken"],
    )
