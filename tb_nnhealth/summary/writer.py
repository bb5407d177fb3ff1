"""Writes a session's samples into event files, and keeps going whatever becomes of the disk.

    writer = HealthWriter("logs/run1", manifest)
    writer.write_sample(step, {"variables": values, "steps": loss})
    writer.close()

A run of any length gets a bounded number of rows, on a grid that thins as the run grows; a row that
stands for several samples carries their extremes, so that a spike between two rows is not lost.
"""

import json
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from tb_nnhealth.records import FloatArray
from tb_nnhealth.summary import event_file, metadata
from tb_nnhealth.summary.event_file import WRITE_ERRORS, EventFile, start_time, summary_event
from tb_nnhealth.summary.window import Window, is_due
from tb_nnhealth.vocabulary import HISTOGRAM_BINS

ROW_GRID, ROW_BOUND = 500, 8000
HISTOGRAM_GRID, HISTOGRAM_BOUND = 100, 2000
"""Rows for each doubling of the samples, and how many there are after 16 million samples at most."""

LONGEST_WAIT = 64
"""Failed writes after which another file is tried at the latest (1, 2, 4 … before)."""

WAITING_TEXTS = 256
"""JSON texts that wait while nothing can be written; with more of them, the oldest are lost."""


def strict(payload: Any) -> Any:
    """Returns the payload as strict JSON has it: plain types, None for NaN and infinities."""
    if payload is None or isinstance(payload, (bool, int, str)):
        return payload
    if isinstance(payload, np.generic):
        return strict(payload.item())
    if isinstance(payload, float):
        return payload if math.isfinite(payload) else None
    if isinstance(payload, Mapping):
        return {str(key): strict(value) for key, value in payload.items()}
    if isinstance(payload, np.ndarray):
        return strict(payload.tolist())
    if isinstance(payload, (list, tuple, set, frozenset)):
        return [strict(value) for value in payload]
    return str(payload)


def to_json(payload: Any) -> str:
    return json.dumps(strict(payload), allow_nan=False, separators=(",", ":"))


class HealthWriter:
    """Writes one session of a run into `<log_dir>/health`.

    `write_*`, `flush`, `pause` and `close` never raise for the disk's sake: what could not be written
    is counted in `lost_rows` (its extremes go into the next row), `problem` says in one sentence what
    the first trouble was, and a new file is tried after 1, 2, 4 … 64 further attempts. Every file
    begins with the same manifest event, so that it can be read without the others; `has_written` says
    whether there is one.

    Args:
      log_dir: the run's directory, local or one that `tf.io.gfile` knows.
      manifest: the session's manifest as in `tb_nnhealth.summary.metadata`, its tables and
        histograms without "blocks". Its event stands at step `manifest["start_step"]`; the steps of
        each tag must increase from there.
    """

    def __init__(self, log_dir: str, manifest: Mapping[str, Any]) -> None:
        self.samples = self.rows = self.lost_rows = 0
        self.problem: str | None = None
        self.has_written = False
        self._directory = os.path.join(log_dir, metadata.RUN_DIRECTORY)
        self._manifest = _with_blocks(manifest)
        self._clock = start_time(self._directory)
        self._manifest_event = summary_event(
            metadata.MANIFEST, int(manifest["start_step"]), self._clock, to_json(self._manifest)
        )
        self._window = Window()
        self._histograms = 0
        self._last_histograms: tuple[int, Mapping[str, FloatArray]] | None = None
        self._texts: deque[bytes] = deque(maxlen=WAITING_TEXTS)
        self._wait, self._skipped = 0, 0
        self._file: EventFile | None = None
        self._write([])

    def write_sample(self, step: int, tables: Mapping[str, FloatArray]) -> bool:
        """Writes the sample's row, or merges it into the next one. Returns whether a row was written.

        Args:
          step: the training step, larger than that of the sample before.
          tables: float `[rows, columns]` of each table, as the manifest names them; columns
            "sample_index" and "row_index" of "steps" are filled in here.
        """
        fitting = self._fitting("tables", tables)
        self._number(fitting)
        self._window.add(step, fitting)
        index, self.samples = self.samples, self.samples + 1
        return is_due(index, ROW_GRID) and self._write_row()

    def write_histograms(self, step: int, histograms: Mapping[str, FloatArray]) -> None:
        """Writes counts, float `[rows, HISTOGRAM_BINS]` of each histogram, on a thinning grid as well."""
        self._last_histograms = (step, self._fitting("histograms", histograms))
        index, self._histograms = self._histograms, self._histograms + 1
        if is_due(index, HISTOGRAM_GRID):
            self._write_last_histograms()

    def write_json(self, tag: str, step: int, payload: Any) -> None:
        """Writes the payload as strict JSON text; what JSON does not know becomes null or its `str`.

        A text that cannot be written waits for the next file: the last 256 do.
        """
        self._texts.append(summary_event(tag, step, self._now(), to_json(payload)))
        self._write([])

    def flush(self) -> None:
        self._attempt(lambda file: file.flush(force=True))

    def pause(self) -> None:
        """Writes what waits for its row, and brings all to the disk: for now, nothing more will come.

        A remote file is closed, for some are stored only then; a later write would begin another.
        """
        self._write_waiting()
        if event_file.is_remote(self._directory):
            self._close_file()
        else:
            self.flush()

    def can_go_on(self) -> bool:
        """Returns whether more can be written after a pause: there was no trouble, and the file is as it was left."""
        return self.problem is None and (self._file is None or self._file.is_as_left())

    def close(self) -> None:
        """Writes what waits for its row, and closes the file; a later write would begin another."""
        self._write_waiting()
        self._close_file()

    def _write_waiting(self) -> None:
        self._wait = 0
        if self._window.samples:
            self._write_row()
        self._write_last_histograms()
        if self._texts:
            self._write([])

    def _close_file(self) -> None:
        if self._file is not None and not self._file.close():
            self._note("a write that came only half onto the disk")
        self._file = None

    def _now(self) -> float:
        """Returns the wall time in s, never less than before: what is older than its manifest would be dropped."""
        self._clock = max(self._clock, time.time())
        return self._clock

    def _number(self, tables: dict[str, FloatArray]) -> None:
        if "steps" in tables:
            columns = self._manifest["tables"]["steps"]["columns"]
            for name, value in (("sample_index", self.samples), ("row_index", self.rows + self.lost_rows)):
                if name in columns:
                    tables["steps"][:, columns.index(name)] = value

    def _write_row(self) -> bool:
        window = self._window
        written = self._write(self._row_events(window))
        self.rows += written
        self.lost_rows += not written
        if written:
            window.clear()
        return written

    def _row_events(self, window: Window) -> Iterator[bytes]:
        now = self._now()
        for name, values in window.tables.items():
            layout = self._manifest["tables"][name]
            for block, (start, stop) in enumerate(layout["blocks"]):
                yield summary_event(metadata.table_tag(name, block), window.step, now, values[start:stop])
            if window.samples > 1:
                for block, (start, stop) in enumerate(layout["extremes_blocks"]):
                    extremes = np.stack([window.low[name][start:stop], window.high[name][start:stop]])
                    yield summary_event(metadata.extremes_tag(name, block), window.step, now, extremes)

    def _write_last_histograms(self) -> None:
        if self._last_histograms is None:
            return
        (step, histograms), now = self._last_histograms, self._now()
        written = self._write(
            summary_event(metadata.histogram_tag(name, block), step, now, counts[start:stop])
            for name, counts in histograms.items()
            for block, (start, stop) in enumerate(self._manifest["histograms"][name]["blocks"])
        )
        if written:
            self._last_histograms = None

    def _fitting(self, kind: str, arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Returns copies of the arrays that have the shape which the manifest promises; the others are noted."""
        fitting = {}
        for name, array in arrays.items():
            layout = self._manifest[kind].get(name)
            expected = layout and (len(layout["rows"]), len(layout.get("columns", range(HISTOGRAM_BINS))))
            if expected == np.shape(array):
                with np.errstate(over="ignore"):
                    fitting[name] = np.array(array, np.float32)
            else:
                self._note(f"{kind} {name!r} of shape {np.shape(array)} where the manifest has {expected}")
        return fitting

    def _write(self, events: Iterable[bytes]) -> bool:
        """Writes the waiting texts and the events, to a new file where there is none. Returns whether it could."""
        if self._file is None and not self._reopen():
            return False

        def append(file: EventFile) -> None:
            for event in (*self._texts, *events):
                file.write(event)
            file.flush()
            self._texts.clear()
            self._wait = 0

        return self._attempt(append)

    def _reopen(self) -> bool:
        if self._skipped < self._wait:
            self._skipped += 1
            return False
        try:
            self._file = EventFile(self._directory)
        except WRITE_ERRORS as error:
            self._fail(error)
            return False
        self.has_written = self._attempt(lambda file: file.write(self._manifest_event)) or self.has_written
        return self._file is not None

    def _attempt(self, action: Callable[[EventFile], None]) -> bool:
        if self._file is None:
            return False
        try:
            action(self._file)
        except WRITE_ERRORS as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: Exception) -> None:
        self._note(getattr(error, "message", None) or str(error))
        if self._file is not None:
            self._file.close()
            self._file = None
        self._wait, self._skipped = min(max(1, 2 * self._wait), LONGEST_WAIT), 0

    def _note(self, received: str) -> None:
        if self.problem is None:
            self.problem = (
                f"Expected to write health data to {self._directory}; what cannot be written is left out. "
                f"Received: {received}"
            )


def _with_blocks(manifest: Mapping[str, Any]) -> dict[str, Any]:
    def blocks(layout: Mapping[str, Any], numbers: int) -> list[tuple[int, int]]:
        return metadata.blocks(len(layout["rows"]), 4 * numbers * len(layout["columns"]), ROW_BOUND)

    tables = {
        name: {**layout, "blocks": blocks(layout, 1), "extremes_blocks": blocks(layout, 2)}
        for name, layout in manifest.get("tables", {}).items()
    }
    histograms = {
        name: {**layout, "blocks": metadata.blocks(len(layout["rows"]), 4 * HISTOGRAM_BINS, HISTOGRAM_BOUND)}
        for name, layout in manifest.get("histograms", {}).items()
    }
    return {**manifest, "tables": tables, "histograms": histograms}
