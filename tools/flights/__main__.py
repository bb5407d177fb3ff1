"""Flies what has not flown, judges all, and writes the page of the preflight's accuracy.

python -m tools.flights                         # all flights, one seed each; what has flown is kept
python -m tools.flights --judge                 # judge what has flown by the present rules
python -m tools.flights --only NAME --again     # fly these anew, and show what is said of them
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.flight.zoo import flights
from tools.accuracy.pool import train_all
from tools.accuracy.store import Run, Task
from tools.flights.page import page, tables
from tools.flights.said import Said, said

OUTPUT = Path("build/flights")
PAGE = Path("docs/preflight_accuracy.md")
LIMIT = 900.0
"""Seconds for each flight."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 where all chosen flights are there, 1 where some did not end, 2 for bad use."""
    options = _parser().parse_args(arguments)
    known = {flight.name: (probe, flight) for probe, flight in flights()}
    unknown = sorted(set(options.only or ()) - set(known))
    if unknown:
        print(f"flights: Expected some of {', '.join(known)}. Received: {', '.join(unknown)}", file=sys.stderr)
        return 2
    console = Console()
    chosen = [entry for name, entry in known.items() if not options.only or name in options.only]
    runs = [Run(options.output, flight.name, options.seed) for _, flight in chosen]
    for run in runs if options.again else ():
        run.trained.unlink(missing_ok=True)
    tasks = [Task("flights", run) for run in runs if not run.is_trained]
    troubles = {} if options.judge else train_all("tools.flights.fly", tasks, options.jobs, LIMIT, console)
    outcomes: list[Said] = [
        said(probe, flight, run) for (probe, flight), run in zip(chosen, runs, strict=True) if run.is_trained
    ]
    if options.only:
        print(tables(outcomes))
    else:
        options.page.write_text(page(outcomes, len(known)), encoding="utf-8")
        console.print(f"Page: {options.page}", soft_wrap=True)
    for title, trouble in troubles.items():
        print(f"flights: {title} {trouble}", file=sys.stderr)
    return 1 if troubles else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.flights",
        description="Makes preflights of known verdict, and writes how often they are right.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these flights; the page is left alone")
    parser.add_argument("--seed", type=int, default=0, help="of each preflight; default: 0")
    parser.add_argument("--jobs", type=int, default=2, help="flights at once; default: 2")
    parser.add_argument("--judge", action="store_true", help="fly nothing, judge what has flown")
    parser.add_argument("--again", action="store_true", help="fly anew what has flown already")
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"where logs are kept; default: {OUTPUT}")
    parser.add_argument("--page", type=Path, default=PAGE, help=f"what to write; default: {PAGE}")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # flights end with this process
    sys.exit(main())
