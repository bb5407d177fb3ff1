"""Writes the page of all statistics from the vocabulary.

python -m tools.statistics_page docs/statistics.md            # write
python -m tools.statistics_page docs/statistics.md --check    # exit 1 where it differs
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_nnhealth.vocabulary import (
    ACTIVATION_STATISTICS,
    DATA_STATISTICS,
    HIGHEST_EXPONENT,
    HISTOGRAM_BINS,
    HISTOGRAMS,
    LOWEST_EXPONENT,
    STEP_STATISTICS,
    VARIABLE_STATISTICS,
    Statistic,
)

TABLES = (
    ("For each trainable variable", VARIABLE_STATISTICS),
    ("For each call of a layer", ACTIVATION_STATISTICS),
    ("For each input, target and prediction", DATA_STATISTICS),
    ("For the step", STEP_STATISTICS),
)

INTRODUCTION = """# What is measured

At each sampled step, inside the training step itself: no second forward or backward pass. Statistics are taken over
the finite elements, and those that are not finite are counted apart. What was not measured is NaN in the library and
left out of the scorecard."""

STEP_NOTE = """Beside these, `output_loss/<output>` is each output's unweighted loss, and `metric/<name>` each metric as
Keras tells it (a running mean over the epoch). Where targets or predictions are classes, a batch's are counted."""


def page() -> str:
    """Returns the page as Markdown."""
    tables = [f"## {title}\n\n{_table(statistics)}" for title, statistics in TABLES]
    histograms = (
        f"## Histograms\n\nOf {', '.join(HISTOGRAMS[:-1])} of each trainable variable and of each layer's "
        f"{HISTOGRAMS[-1]}, at a slower\ncadence: {HISTOGRAM_BINS} bins, one for each power of two from "
        f"2^{LOWEST_EXPONENT} to 2^{HIGHEST_EXPONENT} on either side of zero, and one for exact zeros."
    )
    return "\n\n".join([INTRODUCTION, *tables, STEP_NOTE, histograms]) + "\n"


def _table(statistics: Sequence[Statistic]) -> str:
    rows = [f"| `{s.name}` | {s.unit or '–'} | {s.meaning} |" for s in statistics]
    return "\n".join(["| statistic | unit | meaning |", "|---|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.statistics_page", description="Writes the page.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page differs")
    options = parser.parse_args(arguments)
    if not options.check:
        options.file.write_text(page(), encoding="utf-8")
        return 0
    if options.file.exists() and options.file.read_text(encoding="utf-8") == page():
        return 0
    print(f"{options.file} differs from tb_nnhealth/vocabulary.py: run `make docs`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
