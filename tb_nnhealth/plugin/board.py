"""The table of all runs: what TensorBoard tells of each at once, and its verdict as soon as it is judged.

A sweep of hundreds of runs is judged a few at a time, within the seconds that a request may take; the page asks again
until none is left. Each row is numbered as it is made, so that a page is sent only those that it lacks.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from tb_nnhealth.faces.evidence import short
from tb_nnhealth.faces.facts import last_time, silence
from tb_nnhealth.faces.thinning import thinned
from tb_nnhealth.faces.verdict import headline
from tb_nnhealth.nonfinite import samples
from tb_nnhealth.records import FloatArray, HealthRun
from tb_nnhealth.rules.nonfinite_values import first_nonfinite
from tb_nnhealth.scorecard import Scorecard

MOST_POINTS = 48
"""Of the picture of a loss."""

RUNS_AT_ONCE = 12
"""Runs in the making: while one is judged, for some 4 ms, others wait 40 ms and more for TensorBoard's data server."""

SERIAL = re.compile("[0-9]{1,18}")

Content = dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """A run as far as TensorBoard lists it: `version` changes with what is loaded, `last_time` is in seconds."""

    version: str
    steps: int
    last_time: float


@dataclass(frozen=True)
class _Row:
    version: str
    serial: int
    content: Content


class Board:
    """The rows of an experiment's runs. Safe from several threads; it judges for one asker at a time."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(4)
        self._serial = 0
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def answer(
        self, loaded: Mapping[str, Loaded], since: str, judge: Callable[[str], Content], seconds: float
    ) -> Content:
        """Returns the rows that are newer than the asker's, after judging what fits into the time.

        Args:
          loaded: the runs there are.
          since: `serial` of the asker's last answer; anything else for all rows.
          judge: returns the row of a run.
          seconds: no run is begun after them, but those that were begun are finished.
        """
        self._judge(loaded, judge, seconds)
        name, _, number = since.partition("-")
        known = int(number) if name == self._name and SERIAL.fullmatch(number) else 0
        with self._lock:
            self._rows = {run: row for run, row in self._rows.items() if run in loaded}
            fresh = [row.content for row in self._rows.values() if row.serial > known]
            pending = [run for run, state in loaded.items() if not self._has(run, state)]
            listed = [{"run": run, "steps": loaded[run].steps, "last_time": loaded[run].last_time} for run in pending]
            return {"serial": f"{self._name}-{self._serial}", "rows": fresh + listed, "pending": len(pending)}

    def _judge(self, loaded: Mapping[str, Loaded], judge: Callable[[str], Content], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        if seconds <= 0 or not self._turn.acquire(timeout=seconds):
            return
        try:
            waiting = iter(self._waiting(loaded))

            def work() -> None:
                while time.monotonic() < deadline and (run := next(waiting, None)) is not None:
                    self._keep(run, loaded[run].version, judge(run))

            with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
                for done in [pool.submit(work) for _ in range(RUNS_AT_ONCE)]:
                    done.result()
        finally:
            self._turn.release()

    def _keep(self, run: str, version: str, content: Content) -> None:
        with self._lock:
            self._serial += 1
            self._rows[run] = _Row(version, self._serial, content)

    def _waiting(self, loaded: Mapping[str, Loaded]) -> list[str]:
        """Returns the runs to judge: those that never were, then those whose row is the oldest."""
        with self._lock:
            serials = {run: row.serial for run, row in self._rows.items()}
            waiting = [run for run, state in loaded.items() if not self._has(run, state)]
        return sorted(waiting, key=lambda run: serials.get(run, 0))

    def _has(self, run: str, state: Loaded) -> bool:
        row = self._rows.get(run)
        return row is not None and row.version == state.version


def judged_row(name: str, run: HealthRun, card: Scorecard) -> Content:
    """Returns what the table shows of a judged run, as strict JSON data.

    Args:
      name: TensorBoard's of the run.
      run: the run.
      card: its scorecard.
    """
    failing, first = card.failing, card.first_to_mend
    state, _ = headline(run, card)
    return {
        "run": name,
        "state": state,
        "score": card.score,
        "finding": first and {
            "rule": first.rule,
            "title": failing[first.rule].rule.title,
            "severity": first.severity,
            "message": first.message,
        },
        "failing": len(failing),
        "steps": run.steps,
        "thinned": run.thinned,
        "finished": run.finished,
        "untrained": run.untrained,
        "last_time": last_time(run),
        "silence": silence(run),
        "loss": _loss(run),
    }  # fmt: skip


def unread_row(name: str, state: Loaded, reason: str) -> Content:
    """Returns what the table shows of a run that cannot be judged."""
    return {"run": name, "state": "unread", "reason": reason, "steps": state.steps, "last_time": state.last_time}


def _loss(run: HealthRun) -> Content | None:
    """Returns the loss over the whole run, thinned to a small picture; None where none was measured."""
    table = run.step
    values, low, high = (pick("loss", "step") for pick in (table.series, table.lows, table.highs))
    if not samples(run, table, "loss"):
        return None
    _, *parts = thinned(table.steps, values, low, high, MOST_POINTS)
    return {
        **dict(zip(("values", "low", "high"), map(short, parts), strict=True)),
        "broken": _broken(run, values),
    }


def _broken(run: HealthRun, losses: FloatArray) -> str | None:
    """Returns what a loss has become that is not finite to the end: "NaN" or "∞", None of another."""
    event = first_nonfinite(run)
    if event is None or np.isfinite(losses[run.step.steps >= event.first_step]).any():
        return None
    return "∞" if np.isposinf(losses[-1]) else "NaN"
