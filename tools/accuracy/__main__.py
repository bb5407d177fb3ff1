"""Trains what is not yet trained, judges all, and writes the page of the accuracy.

python -m tools.accuracy                          # all cases, three seeds each; what is trained already is kept
python -m tools.accuracy --judge                  # judge what is trained by the present rules, train nothing
python -m tools.accuracy --only NAME --again      # train these anew, and show what is said of them
python -m tools.accuracy --part programs --split open

Rules may change at will: runs are always judged anew. A case that was changed, or all where the callback measures
something else than before, must be trained with --again.
"""

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.faults.registry import PARTS, Entry, entries
from tools.accuracy.judge import judge_all
from tools.accuracy.outcome import Outcome, outcome
from tools.accuracy.page import page, tables
from tools.accuracy.pool import train_all
from tools.accuracy.store import Run, Task

OUTPUT = Path("build/accuracy")
PAGE = Path("docs/accuracy.md")
SPLITS = {"open": False, "held": True}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 where all chosen trainings are there, 1 where some did not end, 2 for bad use, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    console = Console()
    with console.status("listing the cases"):
        known = [entry for part in PARTS if options.part in (None, part) for entry in entries(part)]
    unknown = sorted(set(options.only or ()) - {entry.case.name for entry in known})
    if unknown:
        expected = ", ".join(sorted(entry.case.name for entry in known))
        print(f"accuracy: Expected some of {expected}. Received: {', '.join(unknown)}", file=sys.stderr)
        return 2
    chosen = [entry for entry in known if _is_chosen(entry, options)]
    troubles = {} if options.judge else _train(chosen, options, console)
    outcomes = _judge(chosen, options, console)
    cases = Counter((entry.part, entry.held_out) for entry in chosen)
    if any((options.only, options.part, options.split)):
        print(tables(outcomes, cases, options.seeds))
    else:
        options.page.write_text(page(outcomes, cases, options.seeds), encoding="utf-8")
        console.print(f"Page: {options.page}", soft_wrap=True)
    for title, trouble in troubles.items():
        print(f"accuracy: {title} {trouble}", file=sys.stderr)
    return 1 if troubles else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.accuracy",
        description="Trains cases of known verdict, judges them, and writes how often the findings are right. "
        "A choice of cases is shown, and the page is left alone.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these cases")
    parser.add_argument("--part", choices=PARTS, help="the cases of this part")
    parser.add_argument("--split", choices=SPLITS, help="the cases to calibrate on, or those held out")
    parser.add_argument("--seeds", type=_positive, default=3, help="runs of each case; default: 3")
    parser.add_argument("--jobs", type=_positive, default=os.cpu_count(), help="trainings at once; default: all cores")
    parser.add_argument("--limit", type=float, default=1800, help="seconds for each training; default: 1800")
    parser.add_argument("--judge", action="store_true", help="train nothing, judge what is trained")
    parser.add_argument("--again", action="store_true", help="train anew what is trained already")
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"where runs are kept; default: {OUTPUT}")
    parser.add_argument("--page", type=Path, default=PAGE, help=f"what to write; default: {PAGE}")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"Expected a positive number. Received: {text}")
    return number


def _is_chosen(entry: Entry, options: argparse.Namespace) -> bool:
    of_split = options.split is None or entry.held_out == SPLITS[options.split]
    return of_split and (not options.only or entry.case.name in options.only)


def _train(chosen: Sequence[Entry], options: argparse.Namespace, console: Console) -> dict[str, str]:
    """Trains the first seed of all cases, then the second, and so on; returns what did not end, with the reason."""
    tasks = [
        Task(entry.part, Run(options.output, entry.case.name, seed))
        for seed in range(options.seeds)
        for entry in chosen
    ]
    if options.again:
        for task in tasks:
            task.run.trained.unlink(missing_ok=True)
    waiting = [task for task in tasks if not task.run.is_trained]
    return train_all("tools.accuracy.train", waiting, options.jobs, options.limit, console)


def _judge(chosen: Sequence[Entry], options: argparse.Namespace, console: Console) -> list[Outcome]:
    runs = [(entry, Run(options.output, entry.case.name, seed)) for entry in chosen for seed in range(options.seeds)]
    trained = [(entry, run) for entry, run in runs if run.is_trained]
    verdicts = judge_all([run for _, run in trained], options.jobs, console)
    return [outcome(entry, verdict) for (entry, _), verdict in zip(trained, verdicts, strict=True)]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # trainings end with this process
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("accuracy: interrupted; what is trained is kept", file=sys.stderr)
        sys.exit(130)
