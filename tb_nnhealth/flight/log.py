"""What a preflight writes beside the first steps of the training: an event on itself, and one for each probe."""

import os
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tb_nnhealth.reader import Datum
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.event_file import WRITE_ERRORS, EventFile, is_remote, summary_event
from tb_nnhealth.summary.writer import to_json


def refusal(log_dir: str) -> str | None:
    """Returns a sentence on what keeps a preflight from writing into a directory, which it makes; None where nothing
    does."""
    directory = os.path.join(log_dir, metadata.RUN_DIRECTORY)
    try:
        tf.io.gfile.makedirs(directory)
        if not is_remote(directory):
            tempfile.TemporaryFile(dir=directory).close()
    except WRITE_ERRORS as error:
        return _expected(error)
    return None


def _expected(error: Exception) -> str:
    return f"Expected a log directory that can be written. Received: {' '.join(str(error).split())[:300]}"


class FlightLog:
    """Writes events into `<log_dir>/health`, and keeps them: whatever becomes of the disk, the verdict is not lost.

    `problem` says in one sentence what kept it from writing, None where nothing did.

    Args:
      log_dirs: the directories of runs that are written into.
    """

    def __init__(self, *log_dirs: str) -> None:
        self.problem: str | None = None
        self.events: list[Datum] = []
        self._files: list[EventFile] = []
        try:
            for log_dir in log_dirs:
                self._files.append(EventFile(os.path.join(log_dir, metadata.RUN_DIRECTORY)))
        except WRITE_ERRORS as error:
            self._fail(error)

    def write(self, payload: Mapping[str, Any]) -> None:
        """Writes what is told next: the preflight's own event first, then those of the probes."""
        datum = Datum(len(self.events), time.time(), to_json(payload))
        self.events.append(datum)
        try:
            for file in self._files:
                file.write(summary_event(metadata.PREFLIGHT, datum.step, datum.wall_time, datum.value))
                file.flush()
        except WRITE_ERRORS as error:
            self._fail(error)

    def close(self) -> None:
        for file in self._files:
            if not file.close():
                written = "Expected a disk that takes what is written. Received: a write that failed"
                self.problem = self.problem or written

    def _fail(self, error: Exception) -> None:
        self.problem = _expected(error)
        files, self._files = self._files, []
        for file in files:
            file.close()
