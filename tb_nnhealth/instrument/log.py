"""What a session writes: its samples, Keras' logs of the epochs, what happened, and how far it is."""

from collections.abc import Callable, Mapping
from typing import Any

from tb_nnhealth.instrument.recorder import Recorder
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.schedule import Schedule
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.trouble import Failure, NotWritten
from tb_nnhealth.records import FloatArray
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.window import is_due
from tb_nnhealth.summary.writer import HealthWriter

EPOCH_GRID = 500

MakeWriter = Callable[[Layout | None, Mapping[str, FloatArray]], HealthWriter]


class SessionLog:
    """Hands what was measured to the writer. Until it is opened, what happens is not written.

    `compile_seconds` is what compiling took, for the session to add to.

    Args:
      recorder: where the samples are.
      schedule: what steps and samples took.
      steps: the session's, at its first step now.
      make_writer: makes the writer once the rows are known (after the first sample of all `fit`s), or at the
        end; given the sample where it was taken at the first step of all.
    """

    def __init__(self, recorder: Recorder, schedule: Schedule, steps: StepCount, make_writer: MakeWriter) -> None:
        self.compile_seconds = 0.0
        self._recorder = recorder
        self._schedule = schedule
        self._steps = steps
        self._first_step = steps.next
        self._make_writer = make_writer
        self._writer: HealthWriter | None = None
        self._samples = 0
        self._epochs = 0
        self._spent_before = schedule.sampling_seconds, schedule.training_seconds
        self._happened: tuple[int, list[dict[str, Any]]] = (-1, [])
        if recorder.packing.layout is not None:
            self.open()

    def open(self, first_sample: Mapping[str, FloatArray] | None = None) -> HealthWriter:
        """Opens the log where it is not open yet, and returns its writer."""
        if self._writer is None:
            self._writer = self._make_writer(self._recorder.layout, first_sample or {})
        return self._writer

    def is_open(self) -> bool:
        return self._writer is not None

    def can_go_on(self) -> bool:
        """Returns whether another `fit` can go on with it: its rows are known, and all is written."""
        return self._recorder.packing.layout is not None and self._writer is not None and self._writer.can_go_on()

    @property
    def problem(self) -> str | None:
        """What kept the writer from writing all; None where nothing did."""
        return None if self._writer is None else self._writer.problem

    def report_problem(self, on_failure: Failure) -> None:
        """Reports what could not be written, if anything."""
        if self.problem is not None:
            on_failure("everything", NotWritten(self.problem))

    def write_sample(self, tables: Mapping[str, FloatArray], length: int, with_histograms: bool) -> None:
        """Writes what was measured of the last step.

        Args:
          tables: its sample; how fast the training is, is filled in here.
          length: how many steps ran as one with it.
          with_histograms: whether it took histograms.
        """
        step = self._steps.next - 1
        writer = self.open(tables if step == 0 else None)
        self._fill_speed(tables["steps"], length)
        writer.write_sample(step, tables)
        if with_histograms:
            writer.write_histograms(step, self._recorder.packing.histograms())
        self._samples += 1

    def write_epoch(self, epoch: int, logs: Mapping[str, Any], modes: Callable[[], Mapping[str, float] | None]) -> None:
        """Writes Keras' logs of an epoch, on a thinning grid, and how far the run is.

        Args:
          epoch: its number.
          logs: Keras' logs of it.
          modes: measures the model's modes, None where they are not to be measured.
        """
        index, self._epochs = self._epochs, self._epochs + 1
        if self._writer is None or not self._steps.has_moved() or not is_due(index, EPOCH_GRID):
            return
        done = self._steps.next
        numbers = {str(name): _number(value) for name, value in logs.items()}
        ended = {"epoch": epoch, "step": done, "logs": numbers, "modes": modes()}
        self._writer.write_json(metadata.EPOCH, done - 1, ended)
        self.write_progress(finished=False)

    def write_gallery(self, content: Mapping[str, Any] | None) -> None:
        """Writes the gallery of the epoch that has ended, if there is one."""
        if self._writer is not None and content is not None and self._steps.has_moved():
            self._writer.write_json(metadata.GALLERY, self._steps.next - 1, content)

    def write_event(self, event: dict[str, Any]) -> None:
        """Writes down what happened, with what else did at this step: a later event replaces an earlier one."""
        if self._writer is None:
            return
        step = max(self._steps.next - 1, self._first_step)
        events = [*self._happened[1], event] if self._happened[0] == step else [event]
        self._happened = step, events
        self._writer.write_json(metadata.EVENT, step, events)

    def write_progress(self, finished: bool) -> None:
        """Writes how far the run is, and what it took, where the `fit` had a step."""
        if self._writer is None or not self._steps.has_moved():
            return
        sampling_before, training_before = self._spent_before
        progress = {
            "steps": self._steps.next,
            "samples": self._samples,
            "rows": self._writer.rows,
            "lost_rows": self._writer.lost_rows,
            "compile_seconds": self.compile_seconds,
            "sampling_seconds": self._schedule.sampling_seconds - sampling_before,
            "training_seconds": self._schedule.training_seconds - training_before,
            "finished": finished,
        }
        self._writer.write_json(metadata.PROGRESS, self._steps.next - 1, progress)

    def flush(self) -> None:
        """Brings what was written to the disk."""
        if self._writer is not None:
            self._writer.flush()

    def pause(self) -> None:
        """Brings all to the disk: for now, nothing more will come."""
        if self._writer is not None:
            self._writer.pause()

    def close(self) -> None:
        """Closes the files: no `fit` goes on with it."""
        if self._writer is not None:
            self._writer.close()

    def _fill_speed(self, row: FloatArray, length: int) -> None:
        assert self._recorder.packing.layout is not None
        columns = self._recorder.packing.layout.columns["steps"]
        if self._schedule.plain_seconds:
            examples = row[0, columns.index("batch_size")] * length
            row[0, columns.index("examples_per_second")] = examples / self._schedule.plain_seconds


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
