"""The command line `nnhealth`: show, export and check runs; list and explain rules.

JSON goes to stdout, everything for people to stderr. Modules are imported when they are used, so
that `--help` and a bad argument answer at once.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tb_nnhealth.version import __version__

if TYPE_CHECKING:
    from tb_nnhealth.records import HealthRun

CLEAN, FINDINGS, UNKNOWN, INTERRUPTED = 0, 1, 2, 130


class BadUse(Exception):
    """What was asked for cannot be done; its text is one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 clean, 1 findings, 2 could not judge or bad use."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BadUse as error:
        _say(str(error))
        return UNKNOWN
    except BrokenPipeError:  # the reader of our output has left: nothing more can be said to it
        return UNKNOWN
    except OSError as error:
        _say(f"Expected output that can be written. Received: {error.strerror or error}")
        return UNKNOWN
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    finally:
        _give_up_unwritable()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nnhealth", description="Tells why a neural network does not train.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    show = commands.add_parser("show", help="show the verdict on each run")
    show.set_defaults(command=_show)

    export = commands.add_parser("export", help="write a run's scorecard as JSON")
    export.add_argument("-o", "--output", metavar="FILE", type=Path, help="write here instead of to stdout")
    export.set_defaults(command=_export)

    check = commands.add_parser("check", help="exit 1 if there are findings, 2 if a run could not be judged")
    check.add_argument("--fail-on", choices=("warning", "error"), default="error", help="least severity that counts")
    check.set_defaults(command=_check)

    for command in (show, export, check):
        command.add_argument("logdir", metavar="LOGDIR", help="a run, or a directory of runs")
        command.add_argument("--run", metavar="NAME", help="this run of the directory only")

    commands.add_parser("rules", help="list the rules").set_defaults(command=_rules)

    explain = commands.add_parser("explain", help="explain a rule")
    explain.add_argument("rule", metavar="RULE", help="its name, as in `nnhealth rules`")
    explain.set_defaults(command=_explain)
    return parser


def _show(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal
    from tb_nnhealth.scorecard import Scorecard

    runs, unread = _runs(options)
    for name, path in runs.items():
        run = _read(name, path)
        unread += run is None
        if run:
            terminal.show(Scorecard.from_run(run), name)
    return UNKNOWN if unread else CLEAN


def _export(options: argparse.Namespace) -> int:
    from tb_nnhealth.scorecard import Scorecard

    runs, _ = _runs(options)
    if len(runs) > 1:
        raise BadUse(f"Expected one run, chosen with --run. Received: LOGDIR with the runs {', '.join(runs)}")
    ((name, path),) = runs.items()
    run = _read(name, path)
    if run is None:
        return UNKNOWN
    text = Scorecard.from_run(run).to_json().encode()
    if options.output is None:
        if sys.stdout is None:
            raise BadUse("Expected an open stdout, or a file with -o. Received: a closed stdout")
        sys.stdout.buffer.write(text)
        return CLEAN
    try:
        options.output.write_bytes(text)
    except OSError as error:
        raise BadUse(f"Expected a file that can be written. Received: -o {options.output} ({error.strerror})") from None
    return CLEAN


def _check(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal
    from tb_nnhealth.scorecard import Scorecard

    severities = ("error",) if options.fail_on == "error" else ("warning", "error")
    runs, unread = _runs(options)
    codes = {UNKNOWN} if unread else set()
    for name, path in runs.items():
        run = _read(name, path)
        if run is None:
            codes.add(UNKNOWN)
            continue
        scorecard = Scorecard.from_run(run)
        found = [finding for finding in scorecard.findings if finding.severity in severities]
        broken = [verdict for verdict in scorecard.rules if verdict.status == "error"]
        unknown = broken or run.problems or scorecard.status == "no_data"
        codes.add(FINDINGS if found else UNKNOWN if unknown else CLEAN)
        terminal.summary(scorecard, name, found, broken)
    return next(code for code in (FINDINGS, UNKNOWN, CLEAN) if code in codes)


def _rules(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal

    terminal.rules()
    return CLEAN


def _explain(options: argparse.Namespace) -> int:
    from tb_nnhealth import terminal
    from tb_nnhealth.rules import DIAGNOSES

    diagnosis = DIAGNOSES.get(options.rule)
    if diagnosis is None:
        raise BadUse(f"Expected one of the rules {', '.join(DIAGNOSES)}. Received: {options.rule}")
    terminal.explain(diagnosis)
    return CLEAN


def _runs(options: argparse.Namespace) -> tuple[dict[str, str], int]:
    """Returns the runs that were asked for, and how many directories that may hold more cannot be read."""
    from tb_nnhealth.reader import LogError, find_runs

    try:
        unreadable: list[str] = []
        runs = find_runs(options.logdir, unreadable.append)
    except LogError as error:
        raise BadUse(str(error)) from None
    for sentence in unreadable:
        _say(sentence)
    if options.run is None:
        return runs, len(unreadable)
    if options.run not in runs:
        raise BadUse(f"Expected one of the runs {', '.join(runs)}. Received: --run {options.run}")
    return {options.run: runs[options.run]}, 0


def _read(name: str, path: str) -> "HealthRun | None":
    """Returns a run, None where it cannot be read; what cannot be read of it is told on stderr, a sentence each."""
    from tb_nnhealth.reader import LogError, read_run

    try:
        with _spinner(f"reading {name}"):
            run = read_run(path)
    except LogError as error:
        _say(str(error))
        return None
    for problem in run.problems:
        _say(f"{name}: {problem}")
    return run


@contextmanager
def _spinner(text: str, patience: float = 2.0) -> Iterator[None]:
    """Shows that work goes on once it takes longer than `patience` seconds, on a terminal only."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from threading import Timer

    from rich.markup import escape

    from tb_nnhealth import terminal

    status = terminal.console().status(escape(_printable(text)))
    timer = Timer(patience, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


def _say(sentence: str) -> None:
    """Prints a sentence on stderr, where there is one."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"nnhealth: {_printable(sentence)}", file=sys.stderr)


def _give_up_unwritable() -> None:
    """Drops what a full disk or a closed pipe will not take, so that the interpreter's last flush is silent."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _printable(text: str) -> str:
    """Returns the text with control characters escaped: names in a log are not to be trusted."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
