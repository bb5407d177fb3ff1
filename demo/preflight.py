"""Makes a preflight of a healthy model and of sick ones, and shows what it says of each.

python -m demo.preflight                     # the healthy model
python -m demo.preflight gradient-check      # the sick model for a probe
python -m demo.preflight --all               # the healthy model and a sick one for each probe
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from demo.training import Training

HEALTHY = "healthy"
OUTPUT = Path("demo/output/preflight")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 where all verdicts are as expected, 1 where not, 2 for bad use."""
    options = _parser().parse_args(arguments)
    console = Console(highlight=False)
    with console.status("importing TensorFlow"):
        from demo import healthy
        from demo.preflight_faults import FAULTS
    names = [HEALTHY, *FAULTS] if options.all else options.names or [HEALTHY]
    unknown = [name for name in names if name != HEALTHY and name not in FAULTS]
    if unknown:
        expected = ", ".join([HEALTHY, *FAULTS])
        print(f"demo: Expected some of {expected}. Received: {', '.join(unknown)}", file=sys.stderr)
        return 2
    as_expected = True
    for name in names:
        title, build = (
            ("a healthy convolutional network", healthy.build)
            if name == HEALTHY
            else (FAULTS[name].title, FAULTS[name].build)
        )
        console.rule(f"{name}: {title}")
        as_expected &= _fly(name, build, options.output / name, console)
    console.print(f"Health tab: tensorboard --logdir {options.output}", soft_wrap=True)
    return 0 if as_expected else 1


def _fly(name: str, build: "Callable[[], Training]", log_dir: Path, console: Console) -> bool:
    """Makes a preflight, shows it, and returns whether its verdict is as expected."""
    from tb_nnhealth import preflight

    training = build()
    train_data, validation_data = training.parts()
    report = preflight(training.model, train_data, validation_data, log_dir)
    console.print(report)
    return report.passed if name == HEALTHY else name in report.scorecard.failing


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.preflight", description="Makes preflights.")
    parser.add_argument("names", nargs="*", metavar="NAME", help='"healthy" or a probe; default: healthy')
    parser.add_argument("--all", action="store_true", help="the healthy model and a sick one for each probe")
    parser.add_argument("--output", type=Path, default=OUTPUT, help=f"where logs go; default: {OUTPUT}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
