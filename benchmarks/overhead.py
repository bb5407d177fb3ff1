"""Training time with each contestant as a ratio to a plain `fit`: in turns of a few steps, medians.

Every model is trained a little first, so that tracing and compiling is over; what the twin's
compiling takes is measured apart and stands beside the ratio.
"""

import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from rich.progress import Progress

from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.models import WORKLOADS, Workload
from benchmarks.turns import Clock, End, race
from tb_nnhealth import read_run

WARM_UP_STEPS = 8

Row = dict[str, Any]


def measure(name: str, contestants: Sequence[str], rounds: int, root: str) -> Iterator[Row]:
    """Yields a raw row for each timed pair: workload, contestant, round, steps, seconds plain and with it."""
    warnings.simplefilter("ignore")  # Random labels cannot be learnt, and the callback says so.
    with Progress() as progress:
        task = progress.add_task(name, total=len(contestants) * rounds)
        for contestant in contestants:
            for number, pair in enumerate(_pairs(WORKLOADS[name], name, contestant, rounds, root)):
                row = {
                    "workload": name,
                    "contestant": contestant,
                    "round": number,
                    "steps": pair.steps,
                    "plain_seconds": round(pair.plain, 4),
                    "watched_seconds": round(pair.watched, 4),
                    "ratio": round(pair.watched / pair.plain, 4),
                    "cpu_ratio": _rounded(pair.cpu_ratio, 4),
                    "compile_seconds": _rounded(pair.compile_seconds, 2),
                }
                progress.advance(task)
                progress.console.print(row)
                yield row


def summarize(rows: list[Row]) -> list[Row]:
    """Returns for each workload and contestant the median ratio, its range and the compile time."""
    summary = []
    for key in dict.fromkeys((row["workload"], row["contestant"]) for row in rows):
        group = [row for row in rows if (row["workload"], row["contestant"]) == key]
        steps = int(group[0]["steps"])
        ratios = _numbers(group, "ratio")
        summary.append(
            {
                "workload": key[0],
                "contestant": key[1],
                "ratio": statistics.median(ratios),
                "low": min(ratios),
                "high": max(ratios),
                "cpu_ratio": _median(group, "cpu_ratio"),
                "plain_ms": 1000 * statistics.median(_numbers(group, "plain_seconds")) / steps,
                "steps": steps,
                "compile_seconds": _median(group, "compile_seconds"),
            }
        )
    return summary


def _rounded(value: float | None, digits: int) -> float | str:
    return "" if value is None else round(value, digits)


def _numbers(rows: list[Row], column: str) -> list[float]:
    return [float(row[column]) for row in rows if row[column] != ""]


def _median(rows: list[Row], column: str) -> float | None:
    numbers = _numbers(rows, column)
    return statistics.median(numbers) if numbers else None


@dataclass(frozen=True)
class Pair:
    """A plain training and a watched one, side by side; `cpu_ratio` None where it was not taken."""

    steps: int
    plain: float
    watched: float
    cpu_ratio: float | None
    compile_seconds: float | None


def fit(model: Any, data: tuple[Any, ...], workload: Workload, callbacks: list[Any], steps: int) -> None:
    """Trains on one endless iterator: TensorFlow may take seconds to end one, at each epoch of array data, while
    another training waits for its turn."""
    batches = tuple(part.reshape(-1, workload.batch, *part.shape[1:]) for part in data)
    dataset = tf.data.Dataset.from_tensor_slices(batches).repeat()
    epochs = workload.epochs(steps)
    model.fit(dataset, epochs=epochs, steps_per_epoch=steps // epochs, verbose=0, callbacks=callbacks)


def warm_up(data: tuple[Any, ...], workload: Workload) -> tuple[Any, ...]:
    return tuple(part[: WARM_UP_STEPS * workload.batch] for part in data)


def _pairs(workload: Workload, name: str, key: str, rounds: int, root: str) -> Iterator[Pair]:
    contestant, directory = CONTESTANTS[key], os.path.join(root, name, key)
    if contestant.callbacks is None:
        yield from _pairs_in_processes(workload, name, rounds, directory)
        return
    steps = workload.long_steps if contestant.is_long else workload.short_steps
    data = workload.data(steps)
    batch = tuple(part[: workload.batch] for part in data)
    for number in range(rounds):
        own_directory = os.path.join(directory, str(number))
        callbacks = contestant.callbacks(own_directory, batch)
        plain, watched = workload.compiled(), workload.compiled()
        fit(plain, warm_up(data, workload), workload, [], WARM_UP_STEPS)
        fit(watched, warm_up(data, workload), workload, callbacks, WARM_UP_STEPS)
        compile_seconds = _compile_seconds(contestant, own_directory)
        plain_clock, watched_clock = race(
            functools.partial(_timed_fit, plain, data, workload, [], steps),
            functools.partial(_timed_fit, watched, data, workload, callbacks, steps),
            workload.turn,
        )
        cpu_ratio = watched_clock.cpu_seconds / plain_clock.cpu_seconds
        yield Pair(steps, plain_clock.seconds, watched_clock.seconds, cpu_ratio, compile_seconds)


def _timed_fit(
    model: Any, data: tuple[Any, ...], workload: Workload, callbacks: list[Any], steps: int, clock: Clock
) -> None:
    fit(model, data, workload, [clock, *callbacks, End(clock)], steps)


def _pairs_in_processes(workload: Workload, name: str, rounds: int, directory: str) -> Iterator[Pair]:
    for _ in range(rounds):
        command = [sys.executable, "-m", "benchmarks.debugger", name, directory]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        plain, watched = json.loads(done.stdout.splitlines()[-1])
        yield Pair(workload.short_steps, plain, watched, None, None)
        shutil.rmtree(directory, ignore_errors=True)


def _compile_seconds(contestant: Contestant, directory: str) -> float | None:
    if "HealthCallback" not in contestant.title or not os.path.isdir(directory):
        return None
    return read_run(directory).costs["compile"]
