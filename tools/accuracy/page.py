"""The page of the accuracy, as Markdown: pure functions of outcomes."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tests.faults.case import UNNAMED
from tools.accuracy.outcome import Outcome
from tools.accuracy.tally import LONG, RuleTally, Tally, broken, rule_tally, share, tally, unjudged

Outcomes = Sequence[Outcome]
Plan = Mapping[tuple[str, bool], int]

TITLES = {"programs": "Real programs", "zoo": "Zoo", "blind": "Blind"}
SPLITS = {False: "calibrated", True: "held out"}
GOALS = {"programs": (0.92, 0.80), "zoo": (0.95, 0.85)}
"""The share of sick runs to find the cause of, and to name it first in, for each part that has a goal."""
WARNED_GOAL = 0.05

INTRODUCTION = """# How often it is right

Trainings of which the verdict is known, each planned with several seeds, with the callback at its default settings:
`programs`, real programs that people asked about or published; the `zoo`, models made sick in one way, their mended
twins, and healthy models; and the `blind`, told of below. A sick run is *found* where a warning or an error names its
cause, *first* where the first finding does; where the trouble is one that a rule does no more than inform of, that
counts too. *Precision* is, of all the runs in which a warning or an error was given, the share in which it named the
cause. A third of the cases, chosen by their names and twins together, is *held out*: no limit is calibrated on them.
That is strict for the zoo, and less so for the programs. The limits of the first rules, and what counts as learnt, were
set before the split, with all 26 healthy programs and a look at the sick ones ([calibration](calibration.md)); and
several sick ones are variants of one network, with one mended program for all (`tdc_cnn_*`, `dc_*`, `uml_eval_*`), and
stand on both sides. Their faults differ, but their data and layers were seen."""

BLIND = """The `blind` are programs by two writers who knew neither the rules nor their limits: sick ones with their
mended twins, and healthy ones. Which rules may name a cause was written down before any verdict was seen; a cause that
no rule can name is expected to be *unnamed*, and counts as missed. Rules that were changed later were changed with the
calibrated two thirds in view. There is no goal for them alone."""

FIRST_SIGHT = """At first sight, each of them trained once and judged before any rule was changed because of them, the
cause was found in 55 of the 84 sick runs (65%), and first in 47 (56%); 4 of the 104 healthy runs had a warning, 2 of
them an error."""

RUNS = """How many of the planned runs there are stands in the summary. Runs are kept. A run is always judged by the
rules of today; a statistic that was added after it was measured is missing in it. A goal is *met* where all runs
together meet it, unless those held out alone do not.

`make accuracy` writes this page, `make accuracy JUDGE=1` judges the logs again without training anew."""

RULES_NOTE = """In how many runs each rule gave a warning or an error, calibrated + held out. *Should*: the runs of sick
cases whose cause it can name; several rules may name one cause, and one is enough. *Also true*: in other sick runs, of
a consequence or of what is defensible there; for the blind that was not written down. *Elsewhere*: in other sick
runs."""

NO_DATA_NOTE = f"Rules that could not judge, in runs of at least {LONG} steps, calibrated + held out."


def page(outcomes: Outcomes, cases: Plan, seeds: int) -> str:
    """Returns the page; the arguments are those of `tables`."""
    return "\n\n".join((INTRODUCTION, BLIND, FIRST_SIGHT, RUNS, tables(outcomes, cases, seeds)))


def tables(outcomes: Outcomes, cases: Plan, seeds: int) -> str:
    """Returns the page's tables, of those parts that have cases.

    Args:
      outcomes: of all runs that were judged.
      cases: the number of cases there are, by part and by whether they are held out.
      seeds: the number of runs that each case should have.
    """
    sections = [goals(outcomes), summary(outcomes, cases, seeds)]
    for part in dict.fromkeys(part for part, _ in cases):
        own = [o for o in outcomes if o.part == part]
        sections += [f"## {TITLES[part]}", rules(own), sick(own), misses(own), later(own), alarms(own), no_data(own)]
        sections.append(broken_rules(own))
    return "\n\n".join(section for section in sections if section) + "\n"


def goals(outcomes: Outcomes) -> str:
    """Returns the goals beside what is reached: a goal is met by all runs together, and by those held out alone."""
    rows = []
    for part, (found, first) in GOALS.items():
        own = [o for o in outcomes if o.part == part]
        rows.append(_goal(f"{TITLES[part]}: cause found", own, lambda t: share(t.found, t.sick), least=found))
        rows.append(_goal(f"{TITLES[part]}: cause first", own, lambda t: share(t.first, t.sick), least=first))
    for title, own in (*_healthy(outcomes), ("All healthy", outcomes)):
        rows.append(_goal(f"{title}: a warning", own, lambda t: share(t.warned, t.healthy), most=WARNED_GOAL))
        rows.append(_goal(f"{title}: an error", own, lambda t: share(t.erred, t.healthy), most=0))
    return "## Goals\n\n" + table(["share of runs", "wanted", *SPLITS.values(), "all", "met"], rows)


def summary(outcomes: Outcomes, cases: Plan, seeds: int) -> str:
    """Returns the counts of each part and split, and of how many runs they are."""
    rows = []
    for part in TITLES:
        for held_out, title in SPLITS.items():
            own = [o for o in outcomes if (o.part, o.held_out) == (part, held_out)]
            rows.append([part, title, *_coverage(own, cases.get((part, held_out), 0), seeds), *_counts(tally(own))])
    rows.append(["all", "all", *_coverage(outcomes, sum(cases.values()), seeds), *_counts(tally(outcomes))])
    head = ["part", "", "cases", "runs", "sick runs", "found", "first"]
    head += ["healthy runs", "with a warning", "with an error", "precision"]
    return "## Summary\n\n" + table(head, rows)


def rules(outcomes: Outcomes) -> str:
    """Returns for each rule how often it fired where it should and where it should not."""
    splits = [[o for o in outcomes if o.held_out == held_out] for held_out in SPLITS]
    names = sorted({rule for o in outcomes for rule in (*o.expected, *(said for said, _ in o.said))} - {UNNAMED})
    rows = []
    for name in names:
        counts = [rule_tally(name, own) for own in splits]
        rows.append([f"`{name}`", *(_both(counts, column) for column in _COLUMNS.values())])
    return _section("Rules", RULES_NOTE, ["rule", *_COLUMNS], rows)


def sick(outcomes: Outcomes) -> str:
    """Returns each sick case, in how many of its runs the cause was found, and in how many the first finding is it."""
    rows = []
    for name, own in _by_case(o for o in outcomes if o.sick):
        counts, case = tally(own), own[0]
        reached = [f"{number} of {counts.sick}" for number in (counts.found, counts.first)]
        rows.append([name, case.kind, SPLITS[case.held_out], _expected(case), *reached])
    return _section("Sick cases", "", ["case", "kind", "", "expected, any of", "found", "first"], rows)


def misses(outcomes: Outcomes) -> str:
    """Returns the sick cases whose cause was not found, and what was said instead."""
    return _cases("Misses", "missed in", outcomes, lambda o: o.sick and not o.found, _all_said)


def later(outcomes: Outcomes) -> str:
    """Returns the sick cases whose cause was found, but not first, and what came first."""
    return _cases("Found, but not first", "in", outcomes, lambda o: o.found and not o.found_first, _first_said)


def alarms(outcomes: Outcomes) -> str:
    """Returns the healthy cases of which anything was said."""
    return _cases("False alarms", "in", outcomes, lambda o: not o.sick and bool(o.said), _all_said)


def no_data(outcomes: Outcomes) -> str:
    """Returns the rules that could not judge a long run, with their reasons."""
    splits = [unjudged(o for o in outcomes if o.held_out == held_out) for held_out in SPLITS]
    rows = [[f"`{rule}`", reason, _plus(split[rule, reason] for split in splits)] for rule, reason in _ranked(splits)]
    lengths = _plus(sum(o.steps >= LONG for o in outcomes if o.held_out == held_out) for held_out in SPLITS)
    return _section("No data", NO_DATA_NOTE, ["rule", "reason", f"runs, of {lengths}"], rows)


def broken_rules(outcomes: Outcomes) -> str:
    """Returns the rules that broke, nothing where none did."""
    rows = [[f"`{rule}`", error, str(count)] for (rule, error), count in sorted(broken(outcomes).items())]
    return _section("Rules that broke", "", ["rule", "error", "runs"], rows) if rows else ""


_COLUMNS: dict[str, Callable[[RuleTally], int]] = {
    "should": lambda counts: counts.planned,
    "fired there": lambda counts: counts.fired,
    "also true": lambda counts: counts.also,
    "elsewhere": lambda counts: counts.elsewhere,
    "in healthy runs": lambda counts: counts.healthy,
}


def _healthy(outcomes: Outcomes) -> Iterator[tuple[str, Outcomes]]:
    for part in GOALS:
        yield f"{TITLES[part]}, healthy", [o for o in outcomes if o.part == part]


def _goal(
    title: str, outcomes: Outcomes, value: Callable[[Tally], float], least: float = 0, most: float = 1
) -> list[str]:
    """Returns the row of a goal: `value` is to lie within least and most."""
    parts = [[o for o in outcomes if o.held_out == held_out] for held_out in SPLITS]
    reached = [value(tally(own)) for own in (*parts, outcomes)]
    wanted = f"≥ {least:.0%}" if least else f"≤ {most:.0%}"
    _, held_out, together = (math.isnan(number) or least <= number <= most for number in reached)
    met = "–" if math.isnan(reached[-1]) else "no" if not together else "yes" if held_out else "held out: no"
    return [title, wanted, *(_percent(number) for number in reached), met]


def _cases(
    title: str,
    column: str,
    outcomes: Outcomes,
    concerns: Callable[[Outcome], bool],
    said: Callable[[Outcome], Iterable[str]],
) -> str:
    """Returns the cases of which some outcomes are of concern, the runs of a case in one row."""
    rows = []
    for name, own in _by_case(outcomes):
        chosen = [o for o in own if concerns(o)]
        if not chosen:
            continue
        texts = Counter(text for o in chosen for text in said(o))
        told = ", ".join(f"{text} × {count}" for text, count in texts.most_common())
        rows.append(
            [name, own[0].kind, SPLITS[own[0].held_out], f"{len(chosen)} of {len(own)}", _expected(own[0]), told]
        )
    return _section(title, "", ["case", "kind", "", column, "expected, any of", "said, in runs"], rows)


def _by_case(outcomes: Iterable[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """Returns the outcomes of each case, in the order of the names."""
    by_case: dict[str, list[Outcome]] = defaultdict(list)
    for o in outcomes:
        by_case[o.name].append(o)
    return sorted(by_case.items())


def _expected(o: Outcome) -> str:
    if UNNAMED in o.expected:
        return "*unnamed*"
    return ", ".join(f"`{rule}`" for rule in sorted(o.expected)) or "nothing"


def _all_said(o: Outcome) -> list[str]:
    texts = [f"`{rule}`" if o.sick else f"`{rule}` ({severity})" for rule, severity in o.said] or ["nothing"]
    return [*dict.fromkeys(texts), *([f"the training raised {o.raised}"] if o.raised else [])]


def _first_said(o: Outcome) -> list[str]:
    return [f"`{o.said[0][0]}`"]


def _coverage(outcomes: Outcomes, cases: int, seeds: int) -> list[str]:
    return [f"{len({o.name for o in outcomes})} of {cases}", f"{len(outcomes)} of {cases * seeds}"]


def _counts(counts: Tally) -> list[str]:
    return [
        str(counts.sick),
        _part_of(counts.found, counts.sick),
        _part_of(counts.first, counts.sick),
        str(counts.healthy),
        _part_of(counts.warned, counts.healthy),
        _part_of(counts.erred, counts.healthy),
        _percent(counts.precision),
    ]


def _ranked(counters: Sequence[Counter[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Returns the keys of all counters, those counted most often first."""
    total = sum(counters, Counter[tuple[str, str]]())
    return sorted(total, key=lambda key: (-total[key], key))


def _both(counts: Sequence[RuleTally], column: Callable[[RuleTally], int]) -> str:
    return _plus(column(own) for own in counts)


def _plus(numbers: Iterable[int]) -> str:
    return " + ".join(str(number) for number in numbers)


def _part_of(number: int, whole: int) -> str:
    return f"{number} ({_percent(share(number, whole))})" if whole else "–"


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.1f}%"


def _section(title: str, note: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = table(head, rows) if rows else "None."
    return "\n\n".join(text for text in (f"### {title}", note, body) if text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
