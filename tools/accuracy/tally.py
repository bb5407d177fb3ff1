"""Counts over outcomes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tools.accuracy.outcome import Outcome

LONG = 50
"""Steps from which on a rule should be able to judge what was there to be measured."""


@dataclass(frozen=True)
class Tally:
    """Numbers of runs.

    Attributes:
        sick: Runs of sick cases; of these, in `found` a finding names the cause, in `first` the first finding does.
        healthy: Runs of healthy cases; of these, `warned` have a warning or an error, `erred` an error.
        answered: Sick and healthy runs in which anything was said.
    """

    sick: int
    found: int
    first: int
    healthy: int
    warned: int
    erred: int
    answered: int

    @property
    def precision(self) -> float:
        """Of the runs in which anything was said, those in which the cause was named; NaN without any."""
        return share(self.found, self.answered)


@dataclass(frozen=True)
class RuleTally:
    """Numbers of runs in which a rule fired.

    Attributes:
        planned: Sick runs whose cause it can name; in `fired` of them it did.
        also: Other sick runs in which it fired and of which it is neither right nor wrong.
        elsewhere: Other sick runs in which it fired.
        healthy: Healthy runs in which it fired.
    """

    planned: int
    fired: int
    also: int
    elsewhere: int
    healthy: int


def share(part: int, whole: int) -> float:
    """Returns part / whole, NaN where the whole is nothing."""
    return part / whole if whole else float("nan")


def tally(outcomes: Iterable[Outcome]) -> Tally:
    outcomes = tuple(outcomes)
    sick, healthy = ([o for o in outcomes if o.sick == is_sick] for is_sick in (True, False))
    return Tally(
        sick=len(sick),
        found=sum(o.found for o in sick),
        first=sum(o.found_first for o in sick),
        healthy=len(healthy),
        warned=sum(bool(o.said) for o in healthy),
        erred=sum(o.erred for o in healthy),
        answered=sum(bool(o.said) for o in outcomes),
    )


def rule_tally(rule: str, outcomes: Iterable[Outcome]) -> RuleTally:
    """Returns in how many runs the rule fired: several findings of it in one run count once."""
    outcomes = tuple(outcomes)
    fired = [o for o in outcomes if any(rule == said for said, _ in o.said)]
    others = [o for o in fired if o.sick and rule not in o.expected]
    also = sum(rule in o.also for o in others)
    return RuleTally(
        planned=sum(rule in o.expected for o in outcomes),
        fired=sum(rule in o.expected for o in fired),
        also=also,
        elsewhere=len(others) - also,
        healthy=sum(not o.sick for o in fired),
    )


def unjudged(outcomes: Iterable[Outcome]) -> Counter[tuple[str, str]]:
    """Returns the long runs in which a rule had no data, counted by rule and reason."""
    return Counter(item for o in outcomes if o.steps >= LONG for item in o.no_data.items())


def broken(outcomes: Iterable[Outcome]) -> Counter[tuple[str, str]]:
    """Returns the runs in which a rule broke, counted by rule and error."""
    return Counter(item for o in outcomes for item in o.broken.items())
