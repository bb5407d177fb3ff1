"""Training time with each contestant as a ratio to a plain `fit`: alternating in one process, medians.

Every model is trained a little first, so that tracing and compiling is over; what the twin's
compiling takes is measured apart and stands beside the ratio.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

from rich.progress import Progress

from benchmarks.contestants import CONTESTANTS, Contestant
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


Pair = tuple[int, float, float, float | None]
"""Steps, seconds of the plain fit, seconds of the watched one, seconds of compiling."""


def fit(model: Any, data: tuple[Any, ...], workload: Workload, callbacks: list[Any]) -> float:
    """Returns the seconds that one epoch takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Random labels cannot be learnt, and the callback says so.
        started = time.perf_counter()
        model.fit(*data, batch_size=workload.batch, epochs=1, verbose=0, callbacks=callbacks)
        return time.perf_counter() - started


def warm_up(data: tuple[Any, ...], workload: Workload) -> tuple[Any, ...]:
    return tuple(part[: WARM_UP_STEPS * workload.batch] for part in data)


def _pairs(workload: Workload, name: str, key: str, rounds: int, root: str) -> Iterator[Pair]:
    contestant, directory = CONTESTANTS[key], os.path.join(root, name, key)
    if contestant.callbacks is None:
        yield from _pairs_in_processes(workload, name, rounds, directory)
        return
    steps = workload.long_steps if contestant.is_long else workload.short_steps
    data = workload.data(steps)
    callbacks = contestant.callbacks(directory, tuple(part[: workload.batch] for part in data))
    plain, watched = workload.compiled(), workload.compiled()
    fit(plain, warm_up(data, workload), workload, [])
    fit(watched, warm_up(data, workload), workload, callbacks)
    compile_seconds = _compile_seconds(contestant, directory)
    for number in range(rounds):
        seconds = {}
        for model, used in ((plain, []), (watched, callbacks))[:: 1 if number % 2 == 0 else -1]:
            seconds[model is watched] = fit(model, data, workload, used)
        yield steps, seconds[False], seconds[True], compile_seconds


def _pairs_in_processes(workload: Workload, name: str, rounds: int, directory: str) -> Iterator[Pair]:
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.debugger", name, directory]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        plain, watched = json.loads(done.stdout.splitlines()[-1])
        yield workload.short_steps, plain, watched, None
        shutil.rmtree(directory, ignore_errors=True)


def _compile_seconds(contestant: Contestant, directory: str) -> float | None:
    if "HealthCallback" not in contestant.title or not os.path.isdir(directory):
        return None
    return read_run(directory).costs["compile"]
