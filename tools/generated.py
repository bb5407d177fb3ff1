"""Writes what is told elsewhere already: the page of all statistics, the README's table of rules, the page's modules.

python -m tools.generated            # write
python -m tools.generated --check    # exit 1 where a document differs
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_nnhealth.rules import DIAGNOSES
from tb_nnhealth.rules._rule import PREFLIGHT
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

STATISTICS = Path("docs/statistics.md")
README = Path("README.md")
STATIC = Path("tb_nnhealth/plugin/static")
PROBES = Path("docs/preflight.md")


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


MODULES_HEAD = """// @ts-check
/** The modules that app.js is made of (written by `make docs`). */

"""


def documents() -> dict[Path, str]:
    """Returns what each file should hold."""
    return {
        STATISTICS: statistics_page(),
        README: _with(README, "rules", rules_table()),
        PROBES: _with(PROBES, "probes", probes_table()),
        STATIC / "modules.js": modules_list(STATIC, "app.js"),
    }


def modules_list(directory: Path, entry: str) -> str:
    """Returns a module that lists those of the directory which the entry imports, itself or through others."""
    root = directory.resolve()
    found = [root / entry]
    for path in found:
        imported = re.findall(
            r"^(?:import|export|\}) .*?from '(\.[^']+)'", path.read_text(encoding="utf-8"), re.MULTILINE
        )
        named = [(path.parent / name).resolve() for name in imported]
        found += [each for each in dict.fromkeys(named) if each not in found]
    lines = [f"  './{path.relative_to(root).as_posix()}',\n" for path in found]
    return f"{MODULES_HEAD}export const MODULES = [\n{''.join(lines)}];\n"


def _with(path: Path, part: str, text: str) -> str:
    """Returns a document with a text between the marks of a part."""
    begin, end = f"<!-- {part}:begin -->\n", f"<!-- {part}:end -->\n"
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    return f"{before}{begin}{text}{end}{after}"


def probes_table() -> str:
    """Returns the table of all probes as Markdown."""
    probes = [d for d in DIAGNOSES.values() if d.rule.category == PREFLIGHT]
    rows = [f"| [{d.rule.name}](rules/{d.rule.name}.md) | {d.summary} |" for d in probes]
    return "\n".join(["| probe | finds |", "|---|---|", *rows, ""])


def rules_table() -> str:
    """Returns the table of all rules as Markdown."""
    rows = [f"| [{d.rule.name}]({d.doc}) | {d.rule.category} | {d.summary} |" for d in DIAGNOSES.values()]
    return "\n".join(["| rule | category | says |", "|---|---|---|", *rows, ""])


def statistics_page() -> str:
    """Returns the page of all statistics as Markdown."""
    tables = [f"## {title}\n\n{_table(statistics)}" for title, statistics in TABLES]
    histograms = (
        f"## Histograms\n\nOf {', '.join(HISTOGRAMS[:-1])} of each trainable variable and of each layer's "
        f"{HISTOGRAMS[-1]}, at a slower\ncadence: {HISTOGRAM_BINS} bins, one for each power of two from "
        f"2^{LOWEST_EXPONENT} to 2^{HIGHEST_EXPONENT} on either side of zero, and one for zeros."
    )
    return "\n\n".join([INTRODUCTION, *tables, STEP_NOTE, histograms]) + "\n"


def _table(statistics: Sequence[Statistic]) -> str:
    rows = [f"| `{s.name}` | {s.unit or '–'} | {s.meaning} |" for s in statistics]
    return "\n".join(["| statistic | unit | meaning |", "|---|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.generated", description="Writes the generated files.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file differs")
    options = parser.parse_args(arguments)
    code = 0
    for path, text in documents().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if options.check:
            print(f"{path} differs from the code: run `make docs`", file=sys.stderr)
            code = 1
        else:
            path.write_text(text, encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
