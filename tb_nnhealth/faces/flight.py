"""What each probe of a preflight said, and what it took, as all faces tell it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces.rates import rates_of
from tb_nnhealth.faces.verdict import state_of
from tb_nnhealth.faces.wording import listed, number, plural, sentence, took
from tb_nnhealth.records import HealthRun, Probed
from tb_nnhealth.rules.first_steps import RULE as FIRST_STEPS
from tb_nnhealth.scorecard import Scorecard, is_enough, untried

WORDS = {"pass": "passed", "error": "error", "warning": "warning", "info": "note", "no_data": "not judged"}
"""What the states of a probe are called."""

MOST_TOLD = 3
"""Findings of one probe whose sentences are told."""

SHORTEST = 1e-3
"""Seconds: a probe that measured nothing and took less did not run."""

_FAILING = ("error", "warning")

_COUNTED = (
    ("error", "found an error"),
    ("warning", "gave a warning"),
    ("pass", "passed"),
    ("info", "passed with a note"),
    ("no_data", "not judged"),
)


@dataclass(frozen=True)
class Line:
    """A probe: its state is a key of `faces.verdict.WORDS` and `word` what that is called, `told` the sentence on it,
    `took` the time, "–" where it did not run. One that another version has made may have no rule here."""

    name: str
    state: str
    word: str
    told: str
    took: str
    has_rule: bool = True


def lines(run: HealthRun, card: Scorecard) -> list[Line]:
    """Returns the first steps where they failed, then the probes in the order in which they were run; none where there
    was no preflight."""
    verdicts = {verdict.rule.name: verdict for verdict in card.rules}
    has_failed = FIRST_STEPS.name in card.failing
    failed = {FIRST_STEPS.name: Probed(run.flight.first_steps)} if run.flight and has_failed else {}
    return [_line(name, probed, verdicts) for name, probed in {**failed, **run.probes}.items()]


def flight(run: HealthRun, card: Scorecard) -> dict[str, Any]:
    """Returns what the page shows of a preflight, as strict JSON data."""
    rates = rates_of(run)
    return {
        "probes": [asdict(line) for line in lines(run, card)],
        "cost": cost_of(run),
        "rates": None if rates is None else rates.to_dict(),
    }


def summary(run: HealthRun, card: Scorecard) -> dict[str, Any] | None:
    """Returns what is told of a preflight before it is unfolded, as strict JSON data; None where there was none."""
    if not run.probes and run.flight is None:
        return None
    interrupted = "interrupted: " if run.is_interrupted else ""
    return {
        "trained": not run.untrained,
        "state": _worst(run, card),
        "told": f"{interrupted}{counted(run, card)}",
        "took": took(_whole(run)),
        "rates": rates_of(run) is not None,
    }


def cost_of(run: HealthRun) -> str:
    """Returns what a preflight took, and which part of it the probes did."""
    return costs_of(run) if run.flight is None else f"{took(_whole(run))} in all: {costs_of(run)}"


def costs_of(run: HealthRun) -> str:
    """Returns what the parts of a preflight took."""
    of_probes = f"{took(_of_probes(run))} for the probes"
    if run.flight is None:
        return of_probes
    first = f"{took(run.flight.first_steps)} for reading the data and the first steps of the training"
    return f"{first}, {of_probes}; the budget was {number(run.flight.budget)} s"


def _whole(run: HealthRun) -> float:
    return (run.flight.first_steps if run.flight else 0.0) + _of_probes(run)


def _of_probes(run: HealthRun) -> float:
    return sum(probed.seconds for probed in run.probes.values())


def counted(run: HealthRun, card: Scorecard) -> str:
    """Returns how many probes are in each state, and what else fails: "1 found an error, 9 passed and 2 not judged;
    other checks found 1 warning"."""
    told = lines(run, card)
    states = Counter(line.state for line in told)
    parts = [f"{states[state]} {words}" for state, words in _COUNTED if states[state]]
    of_others = Counter(_of_others(run, card, told))
    found = [plural(of_others[state], state) for state in _FAILING if of_others[state]]
    others = f"; other checks found {listed(found)}" if found else ""
    return f"{listed(parts) if parts else 'no probe was made'}{others}"


def _of_others(run: HealthRun, card: Scorecard, told: Sequence[Line]) -> list[str]:
    """Returns the states of the checks that fail and have no line: of what a preflight alone read, and of its steps."""
    names = [line.name for line in told]
    return [state_of(verdict) for name, verdict in card.failing.items() if run.untrained and name not in names]


def _worst(run: HealthRun, card: Scorecard) -> str:
    """Returns the state of all together: not judged where most probes are not, or what one would tell is open."""
    told = lines(run, card)
    states = [line.state for line in told]
    is_judged = is_enough(len(states) - states.count("no_data"), len(states)) and not untried(run, card.rules)
    passed = "pass" if is_judged else "no_data"
    return next((state for state in _FAILING if state in (*states, *_of_others(run, card, told))), passed)


def _line(name: str, probed: Probed, verdicts: Mapping[str, Verdict]) -> Line:
    verdict = verdicts.get(name)
    if verdict is not None:
        state = state_of(verdict)
        return Line(name, state, WORDS[state], _told(verdict), _took(probed))
    told = sentence(probed.reason or "no rule of this version judges it")
    return Line(name, "no_data", WORDS["no_data"], told, _took(probed), has_rule=False)


def _took(probed: Probed) -> str:
    return "–" if probed.reason is not None and probed.seconds < SHORTEST else took(probed.seconds)


def _told(verdict: Verdict) -> str:
    """Returns what a probe found, else that it passed, or why there is no verdict."""
    if verdict.findings:
        return " ".join(sentence(finding.message) for finding in verdict.findings[:MOST_TOLD])
    return sentence(verdict.reason or verdict.rule.passing_title)
