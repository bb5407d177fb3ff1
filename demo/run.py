"""Trains a healthy model and several sick ones, and shows what tb_nnhealth says of each.

python -m demo.run                 # the healthy model and six sick ones
python -m demo.run --all           # a sick model for each rule
python -m demo.run dead-units      # these only
python -m demo.run --serve         # then start TensorBoard
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from demo.training import Training
    from tb_nnhealth import Scorecard
    from tb_nnhealth.rules import Finding

HEALTHY = "healthy"
DEFAULT = (
    HEALTHY, "nonfinite-values", "exploding-gradient", "missing-gradient", "dead-units", "low-update-ratio",
    "saturated-activation",
)  # fmt: skip
OUTPUT = Path("demo/output")
STYLES = {"pass": "green", "fail": "bold red"}


@dataclass(frozen=True)
class Case:
    """A training of the demo; `rule` is the one that must fire, None for the healthy model.

    `informs` says that the rule does no more than inform.
    """

    name: str
    title: str
    rule: str | None
    build: "Callable[[], Training]"
    informs: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns 0 where all verdicts are as expected, 1 where not or TensorBoard fails, 2 for bad use."""
    options = _parser().parse_args(arguments)
    console = Console()
    with console.status("importing TensorFlow"):
        cases = _cases()
    names = list(cases) if options.all else options.names or DEFAULT
    unknown = [name for name in names if name not in cases]
    if unknown:
        print(f"demo: Expected some of {', '.join(cases)}. Received: {', '.join(unknown)}", file=sys.stderr)
        return 2
    logs = options.output / "logs"
    scorecards = _train([cases[name] for name in names], options.output, console)
    as_expected = all(_is_as_expected(cases[name], scorecard) for name, scorecard in scorecards.items())
    console.print(_verdicts(cases, scorecards))
    command = [str(Path(sys.executable).with_name("tensorboard")), "--logdir", str(logs), "--port", str(options.port)]
    url = f"http://localhost:{options.port}/#nnhealth"
    for text in (
        f"Scorecards: {options.output / 'scorecards'}",
        f"Health tab: {_shown(command)}",
        f"      then: {url}",
    ):
        console.print(text, highlight=False, soft_wrap=True)
    if options.serve:
        console.print(f"TensorBoard is starting at {url} (Ctrl-C ends it)", style="bold", soft_wrap=True)
        as_expected &= _serve(command) == 0
    return 0 if as_expected else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.run", description="Trains healthy and sick models.")
    parser.add_argument("names", nargs="*", metavar="NAME", help='"healthy" or a rule; default: seven of them')
    parser.add_argument("--all", action="store_true", help="the healthy model and a sick one for each rule")
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"where logs and scorecards go; default: {OUTPUT}")
    parser.add_argument("--serve", action="store_true", help="start TensorBoard at the end")
    parser.add_argument("--port", type=int, default=6006, help="TensorBoard's port; default: 6006")
    return parser


def _cases() -> dict[str, Case]:
    from demo import healthy
    from demo.faults import FAULTS

    sick = {name: Case(name, fault.title, name, fault.build, fault.informs) for name, fault in FAULTS.items()}
    return {HEALTHY: Case(HEALTHY, "a convolutional network on standardized images", None, healthy.build), **sick}


def _train(cases: Sequence[Case], output: Path, console: Console) -> "dict[str, Scorecard]":
    """Trains the cases one after the other, each into a fresh log directory, and returns their scorecards."""
    from keras.callbacks import LambdaCallback

    from demo.training import EPOCHS

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    scorecards = {}
    with Progress(*columns, console=console) as progress, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # The table tells what the callback would warn of,
        warnings.filterwarnings("default", message="HealthCallback")  # but not what broke in it.
        task = progress.add_task("", total=len(cases) * EPOCHS)
        tick = LambdaCallback(on_epoch_end=lambda epoch, logs: progress.advance(task))
        for done, case in enumerate(cases):
            progress.update(task, description=f"training {case.name}", completed=done * EPOCHS)
            log_dir = output / "logs" / case.name
            shutil.rmtree(log_dir, ignore_errors=True)
            scorecard_path = output / "scorecards" / f"{case.name}.json"
            scorecards[case.name] = case.build().run(log_dir, scorecard_path, (tick,))
        progress.update(task, description="trained", completed=len(cases) * EPOCHS)
    return scorecards


def _is_as_expected(case: Case, scorecard: "Scorecard") -> bool:
    fired = {finding.rule for finding in _told(case, scorecard)}
    return case.rule in fired if case.rule else not fired


def _told(case: Case, scorecard: "Scorecard") -> "list[Finding]":
    """Returns the findings that count, the one that is expected first."""
    found = [f for f in scorecard.findings if f.severity != "info" or (case.informs and f.rule == case.rule)]
    return sorted(found, key=lambda finding: finding.rule != case.rule)


def _verdicts(cases: dict[str, Case], scorecards: "dict[str, Scorecard]") -> Table:
    table = Table("model", "score", "verdict", "as expected", title="What tb_nnhealth says", show_lines=True)
    for name, scorecard in scorecards.items():
        case = cases[name]
        score = "–" if scorecard.score is None else str(scorecard.score)
        findings = _told(case, scorecard)
        status = f"[{STYLES.get(scorecard.status, 'magenta')}]{scorecard.status}[/]"
        also = f"\n[dim]also: {', '.join(f.rule for f in findings[1:])}[/]" if findings[1:] else ""
        told = f"\n{findings[0].rule}: {findings[0].message}" if findings else ""
        expected = "[green]yes[/]" if _is_as_expected(case, scorecard) else "[bold red]no[/]"
        table.add_row(f"[bold]{name}[/]\n{case.title}", score, f"{status}{told}{also}", expected)
    return table


def _shown(command: Sequence[str]) -> str:
    program = os.path.relpath(command[0])
    return shlex.join([command[0] if program.startswith("..") else program, *command[1:]])


def _serve(command: Sequence[str]) -> int:
    """Runs TensorBoard until it ends, and returns its exit code; 0 for Ctrl-C, which reaches it too."""
    server = subprocess.Popen(command)
    try:
        return server.wait()
    except KeyboardInterrupt:
        try:
            server.wait(timeout=10)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            server.kill()
        return 0


if __name__ == "__main__":
    sys.exit(main())
