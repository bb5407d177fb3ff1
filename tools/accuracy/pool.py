"""Trains many cases, several at once, each in a process of its own.

The processes are forked from one that has imported TensorFlow and done nothing with it: the import takes longer than
many a training.
"""

import importlib
import multiprocessing
import os
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from tools.accuracy.store import Task

PAUSE = 0.2
"""Seconds between two looks at what is running."""

_FORKED = multiprocessing.get_context("forkserver")


class Process:
    """The training of a task in a process of its own."""

    def __init__(self, task: Task, trainer: str) -> None:
        task.run.printed.parent.mkdir(parents=True, exist_ok=True)
        self._process = _FORKED.Process(target=_train, args=(trainer, task))
        self._process.start()
        self.task = task
        self.started = time.monotonic()

    def trouble(self, limit: float) -> str | None:
        """Returns why the training did not end: "" where it did, None while it runs within `limit` seconds."""
        code = self._process.exitcode
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
        self._process.join()


def _train(trainer: str, task: Task) -> None:
    """Trains a task; all that is printed goes into a file, also what libraries in C print."""
    file = os.open(task.run.printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    importlib.import_module(trainer).train(task)


def train_all(trainer: str, tasks: Sequence[Task], jobs: int, limit: float, console: Console) -> dict[str, str]:
    """Trains the tasks, `jobs` at once, and returns those that did not end with the reason: `{title: reason}`.

    Args:
      trainer: the module whose `train` trains one; it is imported once, and not in this process.
      tasks: the trainings.
      jobs: how many of them at once.
      limit: seconds for each.
      console: where the progress is shown.
    """
    _FORKED.set_forkserver_preload([trainer])
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    left = (TimeRemainingColumn(elapsed_when_finished=True),)
    waiting, running, troubles = list(tasks), list[Process](), dict[str, str]()
    with Progress(*columns, *left, console=console, speed_estimate_period=3600) as progress:
        shown = progress.add_task("", total=len(tasks))
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    running.append(Process(waiting.pop(0), trainer))
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
