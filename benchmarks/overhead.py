"""Training time with each contestant as a ratio to a plain `fit`: alternating in one process, medians.

Every model is trained a little first, so that tracing and compiling is over; what the twin's
compiling takes is measured apart and stands beside the ratio.
"""

import contextlib
import os
import statistics
import time
import warnings
from collections.abc import Iterator
from typing import Any

from rich.progress import Progress

from benchmarks.contestants import CONTESTANTS, Contestant, log_dir
from benchmarks.models import WORKLOADS, Workload
from tb_nnhealth import read_run

WARM_UP_STEPS = 8

Row = dict[str, Any]


def measure(names: list[str], contestants: list[str], rounds: int, root: str) -> list[Row]:
    """Returns a raw row for each timed pair: workload, contestant, round, steps, seconds plain and with it."""
    rows: list[Row] = []
    with Progress() as progress:
        task = progress.add_task("training", total=len(names) * len(contestants) * rounds)
        for name in names:
            for contestant in contestants:
                pairs = _pairs(WORKLOADS[name], name, contestant, rounds, root)
                for number, (steps, plain, watched, compile_seconds) in enumerate(pairs):
                    rows.append(
                        {
                            "workload": name,
                            "contestant": contestant,
                            "round": number,
                            "steps": steps,
                            "plain_seconds": round(plain, 4),
                            "watched_seconds": round(watched, 4),
                            "ratio": round(watched / plain, 4),
                            "compile_seconds": "" if compile_seconds is None else round(compile_seconds, 2),
                        }
                    )
                    progress.advance(task)
                    progress.console.print(rows[-1])
    return rows


def summarize(rows: list[Row]) -> list[Row]:
    """Returns for each workload and contestant the median ratio, its range and the compile time."""
    summary = []
    for key in dict.fromkeys((row["workload"], row["contestant"]) for row in rows):
        group = [row for row in rows if (row["workload"], row["contestant"]) == key]
        ratios = [float(row["ratio"]) for row in group]
        compiled = [float(row["compile_seconds"]) for row in group if row["compile_seconds"] != ""]
        steps = int(group[0]["steps"])
        summary.append(
            {
                "workload": key[0],
                "contestant": key[1],
                "ratio": statistics.median(ratios),
                "low": min(ratios),
                "high": max(ratios),
                "plain_ms": 1000 * statistics.median(float(row["plain_seconds"]) for row in group) / steps,
                "steps": steps,
                "compile_seconds": statistics.median(compiled) if compiled else None,
            }
        )
    return summary


def _pairs(
    workload: Workload, name: str, key: str, rounds: int, root: str
) -> Iterator[tuple[int, float, float, float | None]]:
    contestant = CONTESTANTS[key]
    steps = workload.long_steps if contestant.is_long else workload.short_steps
    directory = log_dir(root, name, key)
    data = workload.data(steps)
    warm = tuple(part[: WARM_UP_STEPS * workload.batch] for part in data)
    callbacks = contestant.callbacks(directory, tuple(part[: workload.batch] for part in data))
    plain, watched = workload.compiled(), workload.compiled()
    _fit(plain, warm, workload, [], contextlib.nullcontext())
    _fit(watched, warm, workload, callbacks, contestant.around(directory))
    compile_seconds = _compile_seconds(contestant, directory)
    for number in range(rounds):
        runs = [
            lambda: ("plain", _fit(plain, data, workload, [], contextlib.nullcontext())),
            lambda: ("watched", _fit(watched, data, workload, callbacks, contestant.around(directory))),
        ]
        seconds = dict(run() for run in (runs if number % 2 == 0 else reversed(runs)))
        yield steps, seconds["plain"], seconds["watched"], compile_seconds


def _fit(model: Any, data: tuple[Any, ...], workload: Workload, callbacks: list[Any], around: Any) -> float:
    with around, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Random labels cannot be learnt, and the callback says so.
        started = time.perf_counter()
        model.fit(*data, batch_size=workload.batch, epochs=1, verbose=0, callbacks=callbacks)
        return time.perf_counter() - started


def _compile_seconds(contestant: Contestant, directory: str) -> float | None:
    if "HealthCallback" not in contestant.title or not os.path.isdir(directory):
        return None
    return read_run(directory).costs["compile"]
