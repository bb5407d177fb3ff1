"""The findings on the steps of the run: where each rule's begin and end."""

from dataclasses import dataclass

from tb_nnhealth.faces.verdict import state_of, title_of
from tb_nnhealth.faces.wording import steps
from tb_nnhealth.records import HealthRun
from tb_nnhealth.report.drawing import Mark, Span, place
from tb_nnhealth.scorecard import Scorecard

MOST_BEGUN = 16

SHORTEST = 0.6
"""Length, in per cent, at which a span can still be seen."""


@dataclass(frozen=True)
class Begun:
    """A rule that found something at steps that are known."""

    rule: str
    title: str
    state: str
    when: str
    span: Span

    @property
    def mark(self) -> Mark:
        return Mark(self.span.start, self.state, f"{self.title}: {self.when}")


def reach_of(run: HealthRun) -> tuple[int, int]:
    """Returns the first and the last step of the run that something is known of."""
    sampled = [table.steps for table in (run.step, run.variables, run.activations, run.data) if len(table.steps)]
    first = min((int(known[0]) for known in sampled), default=0)
    ends = [*(int(known[-1]) for known in sampled), *(epoch.step - 1 for epoch in run.epochs), run.steps - 1]
    return first, max(first, *ends)


def beginnings(card: Scorecard, over: tuple[int, int]) -> tuple[Begun, ...]:
    """Returns the rules that found something at a step, in the order in which they are to be mended.

    Args:
      card: the scorecard.
      over: first and last step of the run.
    """
    found = []
    for verdict in sorted(card.rules, key=lambda verdict: _order(card, verdict.rule.name)):
        known = [finding for finding in verdict.findings if finding.first_step is not None]
        if not known:
            continue
        first = min(finding.first_step or 0 for finding in known)
        last = max(finding.last_step or finding.first_step or 0 for finding in known)
        start, end = place(first, *over), place(last, *over)
        start = min(start, 100 - SHORTEST)
        span = Span(start, max(SHORTEST, end - start))
        found.append(Begun(verdict.rule.name, title_of(verdict), state_of(verdict), steps(first, last), span))
    return tuple(found[:MOST_BEGUN])


def _order(card: Scorecard, rule: str) -> int:
    names = [finding.rule for finding in card.findings]
    return names.index(rule) if rule in names else len(names)
