"""The command line `nnhealth`: show, export, check and compare runs; probe a model before it is trained; list and
explain rules.

Documents go to stdout, everything for people to stderr. Modules are imported when they are used, so
that `--help` and a bad argument answer at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_nnhealth import commands
from tb_nnhealth.output import BadUse, give_up_unwritable, say
from tb_nnhealth.version import __version__

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 clean, 1 findings, 2 could not judge or bad use."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BadUse as error:
        say(str(error))
        return commands.UNKNOWN
    except BrokenPipeError:  # the reader of our output has left: nothing more can be said to it
        return commands.UNKNOWN
    except OSError as error:
        say(f"Expected output that can be written. Received: {error.strerror or error}")
        return commands.UNKNOWN
    except Exception as error:  # Python's own exit code for it, 1, would mean findings
        say(f"it broke, which is a bug of nnhealth: {type(error).__name__}: {error}")
        return commands.UNKNOWN
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED
    finally:
        give_up_unwritable()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nnhealth", description="Tells why a neural network does not train.")
    parser.add_argument("--version", action="version", version=__version__)
    adder = parser.add_subparsers(required=True, metavar="COMMAND")

    show = adder.add_parser("show", help="show the verdict on each run")
    show.set_defaults(command=commands.show)

    export = adder.add_parser("export", help="write the verdict as JSON, HTML, SARIF or JUnit XML")
    export.add_argument("-o", "--output", metavar="FILE", type=Path, help="write here instead of to stdout")
    export.add_argument(
        "--format", choices=commands.FORMATS, default="json",
        help="json: a run's scorecard; html: its report, a file to open in a browser; the others: of all runs",
    )  # fmt: skip
    export.set_defaults(command=commands.export)

    check = adder.add_parser("check", help="exit 1 if there are findings, 2 if a run could not be judged")
    check.add_argument("--fail-on", choices=("warning", "error"), default="error", help="least severity that counts")
    check.add_argument(
        "--baseline", metavar="FILE", type=Path, help="a scorecard's JSON: only what is new or worse than there counts"
    )
    check.set_defaults(command=commands.check)

    for command in (show, export, check):
        command.add_argument("logdir", metavar="LOGDIR", help="a run, or a directory of runs")
        command.add_argument("--run", metavar="NAME", help="this run of the directory only")

    diff = adder.add_parser("diff", help="show what is new, worse, better and gone; exit 1 if anything is new or worse")
    diff.add_argument("before", metavar="A", help="a run, or a scorecard's JSON file")
    diff.add_argument("after", metavar="B", help="another")
    diff.add_argument("--format", choices=("table", "json"), default="table", help="table on stderr, or JSON on stdout")
    diff.set_defaults(command=commands.diff)

    for command in (show, export, check, diff):
        _add_settings(command)

    preflight = adder.add_parser(
        "preflight",
        help="make experiments on a model and its data before it is trained",
        description="Measures the first steps of a training, makes experiments on the model and its data, and says "
        "what would keep it from learning. The verdict is shown on stderr, as that of `show`: --log-dir keeps it.",
        epilog="exit codes: 0 nothing found, 1 findings (--fail-on), 2 not judged, interrupted or bad use",
    )
    preflight.set_defaults(command=commands.preflight)
    preflight.add_argument(
        "target", metavar="MODULE:FUNCTION",
        help="a function that returns (model, train_data[, validation_data]), or a dict with the keys model, "
        "train_data and, where there are any, validation_data, vocabulary and batch_size",
    )  # fmt: skip
    preflight.add_argument("--log-dir", metavar="LOGDIR", help="write the result here, for TensorBoard and `show`")
    preflight.add_argument("--probes", metavar="NAME,NAME", help=f"these probes only, of {', '.join(commands.PROBES)}")
    preflight.add_argument("--budget", metavar="SECONDS", type=float, default=60.0, help="that the probes share (60)")
    preflight.add_argument("--seed", metavar="N", type=int, default=0, help="of what is drawn (0)")
    preflight.add_argument(
        "--fail-on", choices=("warning", "error"), default="warning", help="least severity that makes it exit 1"
    )

    adder.add_parser("rules", help="list the rules").set_defaults(command=commands.rules)

    explain = adder.add_parser("explain", help="explain a rule")
    explain.add_argument("rule", metavar="RULE", help="its name, as in `nnhealth rules`")
    explain.set_defaults(command=commands.explain)
    return parser


def _add_settings(command: argparse.ArgumentParser) -> None:
    settings = command.add_argument_group("settings, above those of pyproject.toml and of the training")
    settings.add_argument(
        "--limit", metavar="RULE.THRESHOLD=NUMBER", action="append", default=[], help="set a limit (repeatable)"
    )
    settings.add_argument(
        "--ignore", metavar="RULE", action="append", default=[],
        help="turn a rule off; RULE=PATTERN for the layers of a pattern only (repeatable)",
    )  # fmt: skip
