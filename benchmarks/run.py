"""Measures what the callback costs, writes the raw figures as CSV and the table of the README from them.

python -m benchmarks.run                    # all, about an hour on two cores; the page's with Chromium on the PATH
python -m benchmarks.run --only mlp --contestants default --rounds 5    # the other figures stay as they are
python -m benchmarks.run --table            # only the table, from the figures that are there
"""

import argparse
import csv
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tools.browser import CHROMIUM

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
WORKLOADS, CONTESTANTS = (
    ("cnn", "transformer", "mlp"),
    (
        "default",
        "no_guard",
        "every_step",
        "nothing",
        "keras_tensorboard",
        "second_pass",
        "debugger",
    ),
)
PAGE, ROWS, SAMPLES, RUNS = ("large", "beside", "sweep"), 1000, 1000, 200
"""What is measured of the page: a run of so many rows and samples, TensorBoard's own tabs beside it, and a sweep."""


def main() -> None:
    arguments = _arguments()
    if not arguments.table:
        root = tempfile.mkdtemp(prefix="nnhealth-bench-")
        try:
            _measure(arguments, root)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    _write_table()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choices = [*WORKLOADS, "memory", "imports", "preflight", "preflight_wide", *PAGE]
    parser.add_argument("--only", nargs="+", choices=choices, default=choices, help="what to measure")
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of each measurement")
    parser.add_argument("--table", action="store_true", help="measure nothing, make the table anew")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace, root: str) -> None:
    from benchmarks import imports, memory, overhead, preflight

    RESULTS.mkdir(exist_ok=True)
    for workload in (name for name in WORKLOADS if name in arguments.only):
        name = f"overhead_{workload}.csv"
        rows = [row for row in _read(name) if row["contestant"] not in arguments.contestants]
        for row in overhead.measure(workload, arguments.contestants, arguments.rounds, root):
            rows.append(row)
            rows.sort(key=lambda row: CONTESTANTS.index(row["contestant"]))
            _write(name, rows)  # After each, so that nothing is lost where it is cut short.
    if "memory" in arguments.only:
        _write("memory.csv", memory.measure(root))
    if "imports" in arguments.only:
        _write("imports.csv", imports.measure(max(5, arguments.rounds)))
    if "preflight" in arguments.only:
        _write("preflight.csv", list(preflight.measure(arguments.rounds)))
    if "preflight_wide" in arguments.only:
        _write("preflight_wide.csv", list(preflight.measure_wide(arguments.rounds)))
    for name in (name for name in PAGE if name in arguments.only):
        _measure_page(name, arguments.rounds)


def _measure_page(name: str, rounds: int) -> None:
    from benchmarks import large, sweep

    if CHROMIUM is None:
        print(f"{name} is left out: it needs Chromium or Google Chrome on the PATH.")
        return
    made = {
        "large": lambda: large.measure(ROWS, SAMPLES, rounds),
        "beside": lambda: large.beside(ROWS, SAMPLES),
        "sweep": lambda: sweep.measure(RUNS),
    }
    rows = []
    for row in made[name]():
        rows.append(row)
        _write(f"{name}.csv", rows)  # After each, so that nothing is lost where it is cut short.


def _write(name: str, rows: list[dict[str, Any]]) -> None:
    with (RESULTS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _read(name: str) -> list[dict[str, Any]]:
    path = RESULTS / name
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write_table() -> None:
    from benchmarks import page, preflight, table

    overhead = [row for name in WORKLOADS for row in _read(f"overhead_{name}.csv")]
    text = table.render(overhead, _read("memory.csv"), _read("imports.csv"))
    text += "\n" + preflight.render(_read("preflight.csv")) + "\n"
    text += preflight.render_wide(_read("preflight_wide.csv")) + "\n"
    text += "\n" + page.render(*(_read(f"{name}.csv") for name in PAGE))
    readme = README.read_text(encoding="utf-8")
    if BEGIN in readme and END in readme:
        head, rest = readme.split(BEGIN)
        README.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
