"""Judges the run that the page shows first, and then all runs of its table, before anyone asks for them."""

import logging
import threading
import time
from typing import Any

from tensorboard.context import RequestContext

from tb_nnhealth import reader
from tb_nnhealth.plugin.judge import Judge
from tb_nnhealth.plugin.sweep import Sweep

FIRST_PAUSE, LONGER, LONGEST_PAUSE = 0.5, 1.1, 30.0
"""Seconds between two looks, by what each is longer than the one before, and at most. A run that is the same at both
has been loaded."""

SECONDS = 10.0
"""What the table may take: it goes on when it is asked for."""

EXPERIMENT = ""
"""The id of what a TensorBoard over a log directory shows."""

logger = logging.getLogger(__name__)


class Ahead:
    """A thread that waits until the run has been loaded, or a page opens, and judges."""

    def __init__(self, provider: Any, judge: Judge, sweep: Sweep) -> None:
        self._provider = provider
        self._judge = judge
        self._sweep = sweep
        self._is_open, self._is_over = threading.Event(), False
        self._thread = self._started()

    def hurry(self) -> None:
        """Judges the run as it is now: a page of TensorBoard opens."""
        self._is_open.set()
        if not self._is_over and not self._thread.is_alive():
            self._thread = self._started()

    def end(self) -> None:
        """Leaves the rest to the page, which asks for runs itself."""
        self._is_over = True
        self._is_open.set()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="nnhealth-ahead", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        context = RequestContext()
        try:
            run = self._loaded(context)
            if run is not None:
                self._judge.judged(context, EXPERIMENT, run)
                self._fill_table(context)
        except Exception as error:
            logger.debug("nnhealth judges no run ahead: %s", error)  # The page is told what is wrong when it asks.

    def _loaded(self, context: RequestContext) -> str | None:
        """Waits until the run that the page shows first stays as it is, or a page opens; returns its name."""
        before, pause = None, FIRST_PAUSE
        while True:
            is_open = self._is_open.wait(pause)
            if self._is_over:
                return None
            run = next(iter(reader.provider_runs(self._provider, context, EXPERIMENT)), None)
            version = run and self._judge.version(context, EXPERIMENT, run)
            if is_open or (run and version == before):
                return run
            before, pause = version, min(LONGER * pause, LONGEST_PAUSE)

    def _fill_table(self, context: RequestContext) -> None:
        """Judges all runs, as many as the time allows before a page opens and asks for them itself."""
        serial, pending, deadline = "", 1, time.monotonic() + SECONDS
        while pending and not self._is_open.is_set() and time.monotonic() < deadline:
            answer = self._sweep.answer(context, EXPERIMENT, serial)
            serial, pending = answer["serial"], answer["pending"]
