"""A training under measurement: runs each step sampled or not, and hands what was measured to the writer."""

import inspect
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.guard import from_sample
from tb_nnhealth.instrument.instruments import Failure, Instruments
from tb_nnhealth.instrument.optimizers import steps_taken
from tb_nnhealth.instrument.recorder import SCOPE
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.records import FloatArray, NonFinite
from tb_nnhealth.summary import metadata
from tb_nnhealth.summary.window import is_due
from tb_nnhealth.summary.writer import HealthWriter

GUARD_SECONDS = 1.0
"""How often the guard is asked between samples."""

EPOCH_GRID = 500

MakeWriter = Callable[[Layout | None, Mapping[str, FloatArray]], HealthWriter]


class Session:
    """Takes the place of `model.train_function` while a `fit` runs; the next `fit` may go on with it.

    Args:
      instruments: the step functions.
      first_step: the first step's number; a `fit` from there begins at once.
      make_writer: makes the writer once the rows are known (after the first sample of all `fit`s), or at the
        end; given the sample where it was taken at the first step of all.
      on_failure: told of what breaks in here; the training goes on.
      on_nonfinite: told when the first non-finite value was found and written down.
      on_sample: told after each sample.
    """

    def __init__(
        self,
        instruments: Instruments,
        first_step: int,
        make_writer: MakeWriter,
        on_failure: Failure,
        on_nonfinite: Callable[["Session"], None],
        on_sample: Callable[["Session"], None],
    ) -> None:
        self.instruments = instruments
        self.schedule = schedule = instruments.schedule
        self.first_step = first_step
        self.compile_seconds = 0.0
        self.samples = 0
        self.writer: HealthWriter | None = None
        self._make_writer = make_writer
        self._on_failure = on_failure
        self._on_nonfinite = on_nonfinite
        self._on_sample = on_sample
        self._epochs = 0
        self._spent_before = schedule.sampling_seconds, schedule.training_seconds
        self._happened: tuple[int, list[dict[str, Any]]] = (-1, [])
        if instruments.recorder.packing.layout is not None:
            self._open({})
        self.begin_fit(first_step)

    def begin_fit(self, step: int) -> None:
        """Takes the place of the model's own step function; `step` is the next step's number."""
        self.step = self._fit_start = self._epoch_start = step
        self._steps_in_epoch: int | None = None
        self._updates_before = 0
        self._history = getattr(self.instruments.model, "history", None)
        self._guard_asked = time.perf_counter()
        self._nonfinite_told = False
        self._is_running = True
        self.instruments.model.train_function = self

    def __call__(self, iterator: Any) -> Any:
        """Runs the next step, or as many as Keras runs at once."""
        if not self.is_alive() or inspect.isgenerator(iterator):  # `train_on_batch` gives a generator, `fit` none.
            self.detach()  # The `fit` that this session belongs to died; this step is not ours.
            return self.instruments.own(iterator)
        try:
            length = self._length()
            if self.instruments.is_ready() and self.schedule.is_due(self.step, length):
                return self._run_sampled(iterator, length)
            return self._run_unsampled(iterator, length)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise
        except BaseException:
            self.end_fit(finished=False)
            raise

    def begin_epoch(self, steps: int | None) -> None:
        self._steps_in_epoch = steps
        self._epoch_start = self.step
        if steps is None:
            self._updates_before = self._updates()
        self.schedule.begin_epoch(self.step, steps)

    def end_epoch(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Writes Keras' logs of the epoch, on a thinning grid, and how far the run is."""
        started = time.perf_counter()
        self._recount(self._length())
        self.ask_guard()
        index, self._epochs = self._epochs, self._epochs + 1
        if self.writer is not None and self.step > self._fit_start and is_due(index, EPOCH_GRID):
            numbers = {str(name): _number(value) for name, value in logs.items()}
            self.writer.write_json(metadata.EPOCH, self.step - 1, {"epoch": epoch, "step": self.step, "logs": numbers})
            self._write_progress(finished=False)
        self.schedule.add_work(time.perf_counter() - started)

    def ask_guard(self, is_last: bool = False) -> None:
        """Asks the guard whether a step between the samples had a non-finite loss, or the last one left its mark."""
        self._guard_asked = time.perf_counter()
        guard = self.instruments.guard
        if guard is None or self._nonfinite_told:
            return
        try:
            found = guard.caught()
            if found is None and is_last and self.step > self._fit_start:
                found = guard.left_behind(self.step - 1)
            if found is not None and is_last:
                self._open({})
        except Exception as error:
            return self._on_failure("what the guard saw", error)
        self._tell(found)

    def is_alive(self) -> bool:
        """Returns whether the `fit` that this session belongs to is the one that runs."""
        return getattr(self.instruments.model, "history", None) is self._history

    def detach(self) -> None:
        """Gives the model its own step function back."""
        if self.instruments.model.train_function is self:
            self.instruments.model.train_function = self.instruments.own

    def end_fit(self, finished: bool) -> None:
        """Writes the end of the `fit` and gives the model back as it was found."""
        self.detach()
        if not self._is_running:
            return
        self._is_running = False
        try:
            writer = self._open({})
            self.schedule.end_fit()
            if self.step > self._fit_start:
                self._write_progress(finished)
            writer.pause()
            self._report_problem()
        except Exception as error:
            self._on_failure("the end of the run", error)

    def close(self) -> None:
        """Closes the files: no `fit` goes on with it."""
        if self.writer is not None:
            self.writer.close()

    def can_go_on(self, instruments: Instruments) -> bool:
        """Returns whether a `fit` with these instruments can go on with it: its rows are known, and all is written."""
        has_rows = instruments is self.instruments and instruments.recorder.packing.layout is not None
        return has_rows and self.writer is not None and self.writer.can_go_on()

    def is_displaced(self) -> bool:
        """Returns whether another step function runs in its place."""
        return self.instruments.model.train_function is not self

    def skip(self, step: int, message: str) -> None:
        """Goes on at a later step, and writes down why those before it were not measured."""
        self.step = max(self.step, step)
        self._note({"kind": "problem", "message": message})

    # Steps.

    def _length(self) -> int:
        length = int(self.instruments.model.steps_per_execution)
        if self._steps_in_epoch is None or length == 1:
            return length
        return max(1, min(length, self._steps_in_epoch - (self.step - self._epoch_start)))

    def _recount(self, length: int) -> None:
        """Puts the step right where the data ended, unforeseen, within steps that run as one.

        The guard counts them; without it the optimizer does, but for those that loss scaling skips.
        """
        if self._steps_in_epoch is None and length > 1:
            counted = self._counted()
            if self.step - length < counted < self.step:
                self.step = counted

    def _counted(self) -> int:
        guard = self.instruments.guard
        if guard is not None:
            return int(guard.counter.numpy())
        return self._epoch_start + self._updates() - self._updates_before

    def _updates(self) -> int:
        optimizer = self.instruments.model.optimizer
        return 0 if optimizer is None else int(tf.convert_to_tensor(steps_taken(optimizer)))

    def _run_unsampled(self, iterator: Any, length: int) -> Any:
        started = time.perf_counter()
        try:
            logs = self.instruments.unsampled(iterator)
        except Exception as error:
            if self.instruments.unsampled is self.instruments.own or not self._is_ours(error):
                raise
            self.instruments.unsampled = self.instruments.own
            logs = self.instruments.own(iterator)  # It raises where the training itself is at fault.
            self._on_failure("the guarded step", error)
        seconds = time.perf_counter() - started
        if self.instruments.is_compiled:
            self.schedule.add_step(seconds)
        self.instruments.is_compiled = True
        self.step += length
        if started - self._guard_asked > GUARD_SECONDS:
            self.ask_guard()
        return logs

    def _run_sampled(self, iterator: Any, length: int) -> Any:
        recorder, sampled = self.instruments.recorder, self.instruments.sampled
        assert sampled is not None
        with_histograms = self.schedule.takes_histograms()
        recorder.request_histograms(with_histograms)
        recorder.was_traced = False
        started = time.perf_counter()
        if recorder.packing.layout is None and not self.instruments.model.run_eagerly:
            try:
                self.instruments.rehearse(iterator)
            except Exception as error:
                self.instruments.sampled = None
                logs = self._run_unsampled(iterator, length)  # Which raises it too where it is the training's own.
                self._on_failure("the sampled step", error)
                return logs
        try:
            logs = sampled(iterator)
        except Exception as error:
            if not self._is_ours(error):
                raise
            self.instruments.sampled = None
            logs = self._run_unsampled(iterator, length)  # It raises where the training itself is at fault.
            self._on_failure("the sampled step", error)
            return logs
        compiled = 0.0
        if recorder.was_traced and not self._is_eager():
            compiled = max(0.0, time.perf_counter() - started - 2 * (self.schedule.plain_seconds or 0.0))
            self.compile_seconds += compiled
        self.step += length
        self._recount(length)
        step = self.step - 1
        try:
            self._store(step, length, with_histograms)
        except Exception as error:
            self._on_failure("a sample", error)
            self.instruments.sampled = None
        seconds = time.perf_counter() - started - compiled
        self.schedule.add_sample(step, seconds)
        self._on_sample(self)
        return logs

    def _is_ours(self, error: Exception) -> bool:
        """Returns whether the training can go on without the instruments: the error came up while they were
        traced (then no batch is lost), or in an operation that measures."""
        if self._is_eager():
            return False
        if isinstance(error, (StopIteration, tf.errors.OutOfRangeError)):
            return False
        return not isinstance(error, tf.errors.OpError) or _is_in_scope(str(error))

    def _is_eager(self) -> bool:
        return bool(self.instruments.model.run_eagerly or tf.config.functions_run_eagerly())

    # What was measured.

    def _store(self, step: int, length: int, with_histograms: bool) -> None:
        recorder = self.instruments.recorder
        if recorder.packing.layout is None:
            raise RuntimeError("the sampled step was expected to say what it measures, and did not")
        tables = {name: table for name, table in recorder.packing.sample().items() if table.size}
        writer = self._open(tables if step == 0 else {})
        self._fill_speed(tables["steps"], recorder.packing.layout, length)
        writer.write_sample(step, tables)
        if with_histograms:
            writer.write_histograms(step, recorder.packing.histograms())
        self.samples += 1
        self._report_problem()
        if not self._nonfinite_told:
            found = from_sample(step, tables, recorder.packing.layout)
            if found is not None:
                self.ask_guard()  # A step since the last sample may have been the first.
            self._tell(found)

    def _open(self, first_sample: Mapping[str, FloatArray]) -> HealthWriter:
        if self.writer is None:
            self.writer = self._make_writer(self.instruments.recorder.layout, first_sample)
        return self.writer

    def _report_problem(self) -> None:
        if self.writer is not None and self.writer.problem is not None:
            self._on_failure("everything", OSError(self.writer.problem))

    def _fill_speed(self, row: FloatArray, layout: Layout, length: int) -> None:
        columns = layout.columns["steps"]
        if self.schedule.plain_seconds:
            examples = row[0, columns.index("batch_size")] * length
            row[0, columns.index("examples_per_second")] = examples / self.schedule.plain_seconds

    def _tell(self, found: NonFinite | None) -> None:
        if found is None or self._nonfinite_told or self.writer is None:
            return
        self._nonfinite_told = True
        places = [{"stage": p.stage, "path": p.path, "count": p.count} for p in found.places]
        self._note({"kind": "nonfinite", "step": found.step, "places": places})
        self._on_nonfinite(self)

    def _note(self, event: dict[str, Any]) -> None:
        """Writes down what happened, with what else did at this step: a later event replaces an earlier one."""
        if self.writer is None:
            return
        step = max(self.step - 1, self.first_step)
        events = [*self._happened[1], event] if self._happened[0] == step else [event]
        self._happened = step, events
        self.writer.write_json(metadata.EVENT, step, events)

    def _write_progress(self, finished: bool) -> None:
        assert self.writer is not None
        sampling_before, training_before = self._spent_before
        progress = {
            "steps": self.step,
            "samples": self.samples,
            "rows": self.writer.rows,
            "lost_rows": self.writer.lost_rows,
            "compile_seconds": self.compile_seconds,
            "sampling_seconds": self.schedule.sampling_seconds - sampling_before,
            "training_seconds": self.schedule.training_seconds - training_before,
            "finished": finished,
        }
        self.writer.write_json(metadata.PROGRESS, self.step - 1, progress)


def _is_in_scope(message: str) -> bool:
    """Returns whether TensorFlow's message of an error names an operation that measures; its traceback says nothing."""
    nodes = re.findall(r"\{\{node ([^}]+)\}\}|\[\[([^\]{]+)\]\]|Detected at node (\S+)", message)
    return any(SCOPE in name.split("/") for node in nodes for name in node)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
