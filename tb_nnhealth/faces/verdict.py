"""What stands at the top of the page: a sentence, the score's state, a tile for each category, and notes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tb_nnhealth.engine import Verdict
from tb_nnhealth.faces.wording import (
    duration,
    in_sentence,
    listed,
    most_common,
    part,
    plural,
    quantity,
    sentence,
    steps,
    words,
)
from tb_nnhealth.missing import note
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules import Finding
from tb_nnhealth.rules._rule import PREFLIGHT, SEVERITIES
from tb_nnhealth.rules.first_steps import RULE as FIRST_STEPS
from tb_nnhealth.scorecard import LEAST_SAMPLES, LEAST_STEPS, Category, Scorecard, is_enough, untried

WORDS = {
    "pass": "healthy", "error": "error", "warning": "warning", "info": "note", "no_data": "not judged",
}  # fmt: skip

PARTLY = "partly judged"
"""What the preflight is called that has no verdict, though some of its checks could be judged."""

MOST_PROBLEMS = 20
"""Sentences on what a log lacks, at most."""

_OPENINGS = {"error": "This run will not train as it stands", "warning": "Training is probably hurt"}

_UNTRAINED = {
    "error": "Not trained yet, and it will not train as it stands",
    "warning": "Not trained yet, and training will probably be hurt",
}
"""The same after a preflight alone, of what its experiments have shown."""

_UNTRIED = {
    "error": "Not trained yet, and it may not train as it stands",
    "warning": "Not trained yet, and training may be hurt",
}
"""The same of what only shows in the few steps of a preflight: no experiment has tried it."""

_NO_PLACE = "The training as a whole"

_ORDER: tuple[str, ...] = SEVERITIES

_COUNTED = (("error", "error"), ("warning", "warning"), ("info", "note"))


@dataclass(frozen=True)
class Tile:
    """A category: its state is one of WORDS, `word` what that is called here, and `judged` tells how many of its checks
    could be judged."""

    name: str
    score: int | None
    state: str
    word: str
    judged: str


def verdict(run: HealthRun, card: Scorecard) -> dict[str, Any]:
    """Returns all that stands at the top of the page, as strict JSON data."""
    state, sentence = headline(run, card)
    return {
        "state": state,
        "sentence": sentence,
        "first": first_to_mend(card),
        "counts": counts(card),
        "categories": [asdict(tile) for tile in tiles(card)],
        "notes": notes(run),
        "unjudged": unjudged(card),
    }


def state_of(verdict: Verdict) -> str:
    """Returns a key of WORDS: a rule that broke has judged nothing, one that passes may be worth a note."""
    if verdict.status == "fail":
        return verdict.severity or "warning"
    if verdict.status == "pass":
        return "info" if verdict.severity == "info" else "pass"
    return "no_data"


def title_of(verdict: Verdict) -> str:
    """Returns what a rule found; a note says only what it is about, for its rule passes."""
    return verdict.rule.title if verdict.status != "pass" else words(verdict.rule.name).capitalize()


def spent(costs: Mapping[str, float], settings: Mapping[str, Any]) -> str:
    """Returns what measuring took, and which share of the time from the first sample to the last; nothing where that is
    not known. Of a training that is over before the samples that are taken whatever they cost are within their budget
    it tells no share.

    Args:
      costs: seconds, of the run.
      settings: of the sampling.
    """
    sampling, elapsed = costs.get("sampling", 0.0), costs.get("elapsed", 0.0)
    if not (sampling > 0 and elapsed > 0):
        return ""
    is_over = sampling > elapsed or (settings["sampling"] == "auto" and sampling > settings["overhead"] * elapsed)
    share = "the start is sampled densely" if is_over else f"{quantity(sampling / elapsed, 'fraction')} of the time"
    return f"{duration(sampling)} · {share}"


def headline(run: HealthRun, card: Scorecard) -> tuple[str, str]:
    """Returns the run's state, and the sentence that says it: the same on all faces."""
    failing, first = card.failing, card.first_to_mend
    state = _worst(failing.values())
    if state and first:
        return state, f"{_opening(card, state, run.untrained)}: {_reason(card, state, first)}."
    broken = next((verdict for verdict in card.rules if verdict.status == "error"), None)
    if broken:
        return "no_data", f"The run has no score: the check of {words(broken.rule.name)} itself failed."
    judged = sum(verdict.status == "pass" for verdict in card.rules)
    nothing = f"nothing wrong was found in the {plural(judged, 'check')} that could be judged"
    if card.status == "pass":
        return "pass", sentence(nothing)
    if run.untrained and judged:
        return "no_data", f"{_readiness(run, card)}: {nothing}{_of_probes(run, card)}."
    so_far = nothing if judged else f"none of the {plural(len(card.rules), 'check')} could be judged"
    if not run.finished and not _is_cut_short(card):
        return "no_data", f"Not enough to tell so far: {so_far}."
    return "no_data", f"{_lack(card) if judged else 'The run holds too little data'}: {so_far}."


def _opening(card: Scorecard, state: str, is_untrained: bool) -> str:
    if not is_untrained:
        return _OPENINGS[state]
    shown = any(state_of(each) == state and each.rule.category == PREFLIGHT for each in card.failing.values())
    return (_UNTRAINED if shown else _UNTRIED)[state]


def _readiness(run: HealthRun, card: Scorecard) -> str:
    """Returns how a model stands in which a preflight found nothing wrong."""
    if run.is_interrupted:
        return "Not trained yet, and the preflight was interrupted"
    if is_ready(run, card):
        return "Ready to be trained, as far as the preflight can tell"
    return f"Not trained yet{', and not all could be tried' if untried(run, card.rules) else ''}"


def is_ready(run: HealthRun, card: Scorecard) -> bool:
    """Returns whether a preflight found nothing wrong with enough of its experiments, and tried all that concern the
    model."""
    is_flown = any(verdict.status == "pass" and _is_of_probe(verdict) for verdict in card.rules)
    return has_passed(run, card) and is_flown and is_enough(*card.judged_of(PREFLIGHT)) and not untried(run, card.rules)


def _of_probes(run: HealthRun, card: Scorecard) -> str:
    (judged, whole), names = probes_judged(run, card), untried(run, card.rules)
    among = "" if judged == whole else f", {part(judged, whole, 'probe')} among them"
    return f"{among}. Not tried to the end: {listed(names)}" if names and not run.is_interrupted else among


def probes_judged(run: HealthRun, card: Scorecard) -> tuple[int, int]:
    """Returns how many probes of a preflight gave a verdict, and how many there were."""
    told = {verdict.rule.name: state_of(verdict) for verdict in card.rules}
    states = [told.get(name, "no_data") for name in run.probes]
    return len(states) - states.count("no_data"), len(states)


def is_judged(run: HealthRun, card: Scorecard) -> bool:
    """Returns whether a preflight was not interrupted, and one of its probes at least gave a verdict."""
    told = (each.status for each in card.rules if each.rule.name in run.probes and each.rule.weight)
    return not run.is_interrupted and any(status in ("pass", "fail") for status in told)


def has_passed(run: HealthRun, card: Scorecard) -> bool:
    """Returns whether a preflight was judged, and no rule fails."""
    return is_judged(run, card) and not card.failing


def outcome(run: HealthRun, card: Scorecard) -> str:
    """Returns what is said of a preflight in a few words: "passed, 3 of 12 probes judged"."""
    if run.is_interrupted:
        return "interrupted"
    if not has_passed(run, card):
        return "not passed" if card.failing else "not judged"
    judged, whole = probes_judged(run, card)
    return "passed" if judged == whole else f"passed, {part(judged, whole, 'probe')} judged"


def _is_of_probe(verdict: Verdict) -> bool:
    """Returns whether a rule judges an experiment, and not just whether there could be one."""
    return verdict.rule.category == PREFLIGHT and verdict.rule.weight > 0 and verdict.rule is not FIRST_STEPS


def first_to_mend(card: Scorecard) -> dict[str, Any] | None:
    """Returns where, since when, and what to try first of what is to be mended first; None where nothing fails."""
    finding = card.first_to_mend
    if finding is None:
        return None
    return {
        "where": list(finding.where),
        "since": _since(finding),
        "remedy": card.failing[finding.rule].diagnosis.remedies[0],
    }


def _since(finding: Finding) -> str:
    """Returns what follows the places of a finding, and says what it is about where it has none."""
    since = "" if finding.first_step is None else f"since {steps(finding.first_step, None)}"
    return since if finding.where else ", ".join(filter(None, (_NO_PLACE, since)))


def _reason(card: Scorecard, state: str, first: Finding) -> str:
    """Returns what makes the run's state, and what is to be mended first where that is less grave by itself."""
    failing = card.failing
    worst = next(found for found in card.findings if found.rule in failing and found.severity == state)
    title, cause = (in_sentence(failing[found.rule].rule.title) for found in (worst, first))
    if failing[first.rule].severity == state:
        return cause
    return f"{title}, probably because {cause}" if worst.because == first.rule else f"{title}. Mend first: {cause}"


def _is_cut_short(card: Scorecard) -> bool:
    """Returns whether a run would be long enough to be called healthy, if all its samples were here."""
    training = card.training
    return bool(training["thinned"] and training["steps"] >= LEAST_STEPS and training["samples"] >= LEAST_SAMPLES)


def _lack(card: Scorecard) -> str:
    """Returns what a run lacks to be called healthy."""
    if _is_cut_short(card):
        return "Too few of its samples are here to call the run healthy"
    if card.training["steps"] < LEAST_STEPS or card.training["sampled_steps"] < LEAST_SAMPLES:
        return "The run is too short to be called healthy"
    return "Too little of the run was measured to call it healthy"


def counts(card: Scorecard) -> list[tuple[str, str]]:
    """Returns how many rules are in each state, and the words for it."""
    found = Counter(map(state_of, card.rules))
    told = [(state, plural(found[state], word)) for state, word in _COUNTED if found[state]]
    if found["pass"]:
        told.append(("pass", f"{plural(found['pass'], 'check')} passed"))
    if found["no_data"]:
        told.append(("no_data", f"{found['no_data']} could not be judged"))
    return told


def tiles(card: Scorecard) -> list[Tile]:
    return [_tile(card, category) for category in card.categories]


def _tile(card: Scorecard, category: Category) -> Tile:
    state, (judged, whole) = _state_of_category(card, category), card.judged_of(category.name)
    word = PARTLY if category.name == PREFLIGHT and state == "no_data" and judged else WORDS[state]
    return Tile(category.name, category.score, state, word, part(judged, whole, "check"))


def notes(run: HealthRun) -> list[str]:
    """Returns what is to be known of how the run was measured."""
    return [*run.problems[:MOST_PROBLEMS], *filter(None, [note(run)])]


def unjudged(card: Scorecard) -> list[str]:
    """Returns why categories have no verdict, those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for category in card.categories:
        if _state_of_category(card, category) == "no_data":
            reasons.setdefault(_why_not(card, category), []).append(words(category.name))
    return [sentence(f"{listed(names)} could not be judged: {reason}") for reason, names in reasons.items()]


def _of(card: Scorecard, category: Category) -> list[Verdict]:
    return [verdict for verdict in card.rules if verdict.rule.category == category.name]


def _state_of_category(card: Scorecard, category: Category) -> str:
    worst = _worst(verdict for verdict in _of(card, category) if verdict.status == "fail")
    return worst or ("pass" if category.status == "pass" else "no_data")


def _worst(failing: Iterable[Verdict]) -> str | None:
    return max(map(state_of, failing), key=_ORDER.index, default=None)


def _why_not(card: Scorecard, category: Category) -> str:
    """Returns the reason that most of a category's rules give."""
    verdicts = _of(card, category)
    broken = next((verdict for verdict in verdicts if verdict.status == "error"), None)
    if broken:
        return f"the check of {words(broken.rule.name)} itself failed ({broken.reason})"
    cut_off = next((v.cut_off for v in verdicts if v.cut_off is not None and v.status == "pass"), None)
    if cut_off is not None:
        return f"NaN or infinity appears at step {cut_off:,}, and only what was measured before it was judged"
    judged, whole = card.judged_of(category.name)
    if category.name == PREFLIGHT and judged:
        return f"only {part(judged, whole, 'check')} gave a verdict"
    if any(verdict.status == "pass" for verdict in verdicts):
        return "what they are about was not measured"
    reason = most_common(verdict.reason for verdict in verdicts if verdict.reason)
    return in_sentence(reason or "none of its checks could be judged")
