"""Trains many cases, several at once, each in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from tools.accuracy.store import Run

ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""One thread for each training, whatever the number of them at once: sums are then taken in the same order."""

PAUSE = 0.2
"""Seconds between two looks at what is running."""


@dataclass(frozen=True)
class Task:
    """A training to do."""

    part: str
    run: Run

    @property
    def title(self) -> str:
        return f"{self.run.name} {self.run.seed}"


class Process:
    """The training of a task in a process of its own."""

    def __init__(self, task: Task) -> None:
        run = task.run
        run.printed.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tools.accuracy.train", task.part, run.name, str(run.seed), str(run.output)]
        with run.printed.open("wb") as printed:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ENVIRONMENT},
            )
        self.task = task
        self.started = time.monotonic()

    def trouble(self, limit: float) -> str | None:
        """Returns why the training did not end: "" where it did, None while it runs within `limit` seconds."""
        code = self._process.poll()
        if code is None:
            if time.monotonic() - self.started < limit:
                return None
            self.kill()
            return f"took more than {limit:.0f} s"
        if code or not self.task.run.is_trained:
            return f"ended with code {code}, see {self.task.run.printed}"
        self.task.run.printed.unlink(missing_ok=True)
        return ""

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def train_all(tasks: Sequence[Task], jobs: int, limit: float, console: Console) -> dict[str, str]:
    """Trains the tasks, `jobs` at once, and returns those that did not end with the reason: `{title: reason}`."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    left = (TimeRemainingColumn(elapsed_when_finished=True),)
    waiting, running, troubles = list(tasks), list[Process](), dict[str, str]()
    with Progress(*columns, *left, console=console, speed_estimate_period=3600) as progress:
        shown = progress.add_task("", total=len(tasks))
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(Process(waiting.pop(0)))
                titles = ", ".join(process.task.title for process in running)
                progress.update(shown, description=f"training {titles}")
                time.sleep(PAUSE)
                ended = {process: why for process in running if (why := process.trouble(limit)) is not None}
                running = [process for process in running if process not in ended]
                troubles |= {process.task.title: why for process, why in ended.items() if why}
                progress.advance(shown, len(ended))
                if not console.is_terminal:
                    for process in ended:
                        console.print(f"{process.task.title} {troubles.get(process.task.title, 'trained')}")
        finally:
            for process in running:
                process.kill()
    return troubles
