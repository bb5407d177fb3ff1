"""The page of the preflight's accuracy, as Markdown: pure functions of what was said."""

from collections.abc import Iterable, Sequence
from statistics import median

from tools.accuracy.page import table
from tools.flights.said import Said

INTRODUCTION = """# How often the probes are right

Models and data of known verdict, each given to the whole default preflight: for each probe such that it must find fault
with, and such that a naive one would find fault with and it must not. A *sick* flight is one that the probe must find;
*healthy* are all flights in which nothing is wrong, also those that were made for other probes. `make flights` writes
this page. The cases were made by those who wrote the probes: there is no held-out part. Where it is known why one is
missed, that stands beside it.

What other rules say of the first steps of a healthy flight counts as a false alarm, too, and is often true: raw pixels
are not normalized, and six layers of sigmoids saturate, though these models learn."""


def page(outcomes: Sequence[Said], planned: int) -> str:
    """Returns the page of what was flown of so many flights that there are."""
    flown = f"{len(outcomes)} of the {planned} flights that there are were made."
    return f"{INTRODUCTION}\n\n{flown} {tables(outcomes)}"


def tables(outcomes: Sequence[Said]) -> str:
    """Returns the page's tables."""
    parts = [_summary(outcomes), "## Each probe", _probes(outcomes), "## What was wrong", _wrong(outcomes)]
    return "\n\n".join([*parts, "## Each flight", _flights(outcomes)]) + "\n"


def _summary(outcomes: Sequence[Said]) -> str:
    sick, healthy = ([each for each in outcomes if bool(each.expected) == is_sick] for is_sick in (True, False))
    found = sum(all(each.probes.get(probe) == "fail" for probe in each.expected) for each in sick)
    alarmed = sum("fail" in each.probes.values() for each in healthy)
    warned = sum(bool(each.others) for each in healthy)
    seconds = median(each.seconds for each in outcomes) if outcomes else 0.0
    return (
        f"{found} of {len(sick)} sick flights were found; {alarmed} of {len(healthy)} healthy flights had a warning of "
        f"a probe, and {warned} one of another rule, judged by the first steps. The median flight took {seconds:.1f} s."
    )


def _probes(outcomes: Sequence[Said]) -> str:
    names = dict.fromkeys(name for each in outcomes for name in each.probes)
    head = ["probe", "sick", "found", "not judged", "healthy", "false alarms", "not judged"]
    return table(head, [_row(name, outcomes) for name in names])


def _row(name: str, outcomes: Iterable[Said]) -> list[str]:
    of_sick = [each.probes.get(name) for each in outcomes if name in each.expected]
    of_healthy = [each.probes.get(name) for each in outcomes if not each.expected]
    counted = (len(of_sick), of_sick.count("fail"), of_sick.count("no_data"), len(of_healthy), of_healthy.count("fail"))
    return [name, *map(str, (*counted, of_healthy.count("no_data")))]


def _wrong(outcomes: Iterable[Said]) -> str:
    rows = []
    for each in outcomes:
        missed = sorted(probe for probe in each.expected if each.probes.get(probe) != "fail")
        alarms = [] if each.expected else [name for name, status in each.probes.items() if status == "fail"]
        alarms += [] if each.expected else each.others
        broken = [name for name, status in each.probes.items() if status == "error"]
        for name, what in [
            *((m, "missed") for m in missed),
            *((a, "false alarm") for a in alarms),
            *((b, "broke") for b in broken),
        ]:
            why = each.missed if what == "missed" and name == each.probe else ""
            rows.append([each.name, name, what, each.messages.get(name, ""), why])
    return table(["flight", "rule", "what", "said", "why"], rows) if rows else "Nothing."


def _flights(outcomes: Iterable[Said]) -> str:
    head = ["flight", "made for", "expected", "probes that failed", "not judged", "other rules that failed", "seconds"]
    return table(head, [_flight(each) for each in outcomes])


def _flight(each: Said) -> list[str]:
    failed, unjudged = (
        ", ".join(name for name, status in each.probes.items() if status == wanted) for wanted in ("fail", "no_data")
    )
    expected = ", ".join(sorted(each.expected)) or "healthy"
    return [each.name, each.probe, expected, failed, unjudged, ", ".join(each.others), f"{each.seconds:.1f}"]
