"""A training under measurement: runs each step sampled or not, and hands what was measured to the log."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.alarm import Alarm
from tb_nnhealth.instrument.instruments import Failure, Instruments
from tb_nnhealth.instrument.log import MakeWriter, SessionLog
from tb_nnhealth.instrument.proof import Proof
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.taking import Taken, take
from tb_nnhealth.instrument.trouble import NotWritten


class Session:
    """Takes the place of `model.train_function` while a `fit` runs; the next `fit` may go on with it.

    Args:
      instruments: the step functions.
      first_step: the first step's number; a `fit` from there begins at once.
      make_writer: makes the log's writer.
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
        self.schedule = instruments.schedule
        self._steps = StepCount(instruments.model, instruments.guard, first_step)
        self._log = SessionLog(instruments.recorder, instruments.schedule, self._steps, make_writer)
        self.alarm = Alarm(instruments, self._steps, self._log, on_failure, lambda: on_nonfinite(self))
        self._on_failure = on_failure
        self._on_sample = on_sample
        self.begin_fit(first_step)

    @property
    def step(self) -> int:
        """The next step's number."""
        return self._steps.next

    def begin_fit(self, step: int) -> None:
        """Takes the place of the model's own step function; `step` is the next step's number."""
        self._steps.begin_fit(step)
        self.alarm.begin_fit(step)
        self._history = getattr(self.instruments.model, "history", None)
        self._iterator: Any = None
        self._is_running = True
        self.instruments.model.train_function = self

    def __call__(self, iterator: Any) -> Any:
        """Runs the next step, or as many as Keras runs at once."""
        is_known = iterator is self._iterator
        if not is_known and not self._is_ours(iterator):
            return self.instruments.own(iterator)
        try:
            length = self._steps.length()
            failure = None if is_known else self._make_ready(iterator)
            if failure is None and self.instruments.is_ready() and self._is_due(iterator, length):
                return self._run_sampled(iterator, length)
            logs = self._run_unsampled(iterator, length)
            if failure is not None:
                self._on_failure("the sampled step", failure)
            return logs
        except (StopIteration, tf.errors.OutOfRangeError):
            raise
        except BaseException:
            self.end_fit(finished=False)
            raise

    def begin_epoch(self, steps: int | None) -> None:
        """Notes that an epoch begins; `steps` is its length where it is known."""
        self._steps.begin_epoch()
        self.schedule.begin_epoch(self.step, steps)

    def end_epoch(self, epoch: int, logs: Mapping[str, Any], is_last: bool = False) -> None:
        """Notes that it has ended, with Keras' logs of it; `is_last`: it is known to be the last of several."""
        started = time.perf_counter()
        self._steps.recount(self._steps.length())
        self.alarm.ask_at_epoch_end()
        compiled = self.instruments.modes.compile_seconds
        self._log.write_epoch(epoch, logs, lambda: self.instruments.modes.measure(is_last))
        compiled = self.instruments.modes.compile_seconds - compiled
        self._log.compile_seconds += compiled
        self.schedule.add_work(time.perf_counter() - started - compiled)

    def is_alive(self) -> bool:
        """Returns whether the `fit` that this session belongs to is the one that runs."""
        return getattr(self.instruments.model, "history", None) is self._history

    def detach(self) -> None:
        """Gives the model its own step function back."""
        self._iterator = None
        if self.instruments.model.train_function is self:
            self.instruments.model.train_function = self.instruments.own

    def end_fit(self, finished: bool) -> None:
        """Writes the end of the `fit` and gives the model back as it was found."""
        self.detach()
        if not self._is_running:
            return
        self._is_running = False
        try:
            self._log.open()
            self.schedule.end_fit()
            self._log.write_progress(finished)
            self._log.pause()
            self.report_problem()
        except Exception as error:
            self._on_failure("the end of the run", error)

    def flush(self) -> None:
        """Brings what was written to the disk."""
        self._log.flush()

    def report_problem(self) -> None:
        """Reports what could not be written, if anything."""
        if self._log.problem is not None:
            self._on_failure("everything", NotWritten(self._log.problem))

    def close(self) -> None:
        """Closes the files: no `fit` goes on with it."""
        self._log.close()

    def can_go_on(self, instruments: Instruments) -> bool:
        """Returns whether a `fit` with these instruments can go on with it."""
        return instruments is self.instruments and self._log.can_go_on()

    def is_displaced(self) -> bool:
        """Returns whether another step function runs in its place."""
        return self.instruments.model.train_function is not self

    def skip(self, message: str) -> None:
        """Goes on behind the steps that were taken without it, and writes down why they were not measured."""
        self._steps.catch_up()
        self._log.write_event({"kind": "problem", "message": message})

    # Steps.

    def _is_due(self, iterator: Any, length: int) -> bool:
        """Returns whether the next steps are to be sampled: also where it is not settled that the guard may run."""
        return self.schedule.is_due(self.step, length) or self.instruments.is_unproven(iterator)

    def _run_unsampled(self, iterator: Any, length: int) -> Any:
        started = time.perf_counter()
        try:
            logs = self.instruments.unsampled(iterator)
        except Exception as error:
            if self.instruments.unsampled is self.instruments.own or not self.instruments.are_at_fault(error):
                raise
            self.instruments.unsampled = self.instruments.own
            logs = self.instruments.own(iterator)  # It raises where the training itself is at fault.
            self._on_failure("the guarded step", error)
        seconds = time.perf_counter() - started
        if self.instruments.is_compiled:
            self.schedule.add_step(seconds)
        self.instruments.is_compiled = True
        self._steps.next += length
        if self.alarm.is_due(started):
            self.alarm.ask()
        return logs

    def _run_sampled(self, iterator: Any, length: int) -> Any:
        instruments = self.instruments
        assert instruments.sampled is not None
        with_histograms = self.schedule.takes_histograms()
        instruments.recorder.request_histograms(with_histograms)
        instruments.recorder.was_traced = False
        proof = instruments.proof(iterator, self.step)
        if proof is not None or instruments.replay is not None:
            return self._run_ahead(proof, iterator, length, with_histograms)
        started = time.perf_counter()
        try:
            logs = instruments.sampled(iterator)
        except Exception as error:
            if not instruments.are_at_fault(error):
                raise
            instruments.sampled = None
            logs = self._run_unsampled(iterator, length)  # It raises where the training itself is at fault.
            self._on_failure("the sampled step", error)
            return logs
        self._steps.next += length
        self._take_sample(time.perf_counter() - started, length, with_histograms)
        return logs

    def _run_ahead(self, proof: Proof | None, iterator: Any, length: int, with_histograms: bool) -> Any:
        """Measures the next steps, takes them back, and runs them as if nothing had been."""
        taken, failure, is_measured = Taken(None, None), None, False
        started = time.perf_counter()
        try:
            taken = take(iterator, length)
            if taken.batches is not None:
                self.instruments.measure(taken.batches, proof)
                is_measured = True
        except Exception as error:
            failure = error
            self.instruments.give_up()
        seconds = time.perf_counter() - started
        if taken.error is not None and taken.batches is None:
            raise taken.error
        if proof is not None and is_measured and taken.batches is not None:
            logs = self._run_proof(proof, taken.batches, length)
        else:
            logs = self._run_unsampled(iterator if taken.batches is None else iter(taken.batches), length)
        if taken.error is not None:
            raise taken.error
        if is_measured:
            self._take_sample(seconds, length, with_histograms, is_proof=proof is not None)
        if failure is not None:
            self._on_failure("the sampled step", failure)
        return logs

    def _run_proof(self, proof: Proof, batches: tf.data.Dataset, length: int) -> Any:
        """Runs the model's own step, and goes on with that of ours which trains the same."""
        logs = proof.train(batches)
        started = time.perf_counter()
        try:
            self.instruments.settle(proof.holds(batches), proof.has_moved, self.step)
        except Exception as error:
            self.instruments.give_up()
            self._on_failure("whether the step trains the same", error)
        self._log.compile_seconds += time.perf_counter() - started
        self._steps.next += length
        return logs

    def _is_ours(self, iterator: Any) -> bool:
        """Returns whether the batches are those of the `fit` that this session belongs to, which has not died."""
        if not self.is_alive():
            self.detach()
            return False
        return not inspect.isgenerator(iterator)  # That is what `train_on_batch` gives.

    def _make_ready(self, iterator: Any) -> Exception | None:
        """Makes the step ready for the batches of an iterator; returns what that failed with."""
        if self.instruments.is_ready():
            self._iterator = iterator
        if not self.instruments.meets_others(iterator):
            return None
        started = time.perf_counter()
        try:
            self.instruments.make_ready(iterator)
            return None
        except Exception as error:
            self.instruments.give_up()
            return error
        finally:
            self._log.compile_seconds += time.perf_counter() - started

    def _take_sample(self, seconds: float, length: int, with_histograms: bool, is_proof: bool = False) -> None:
        """Keeps the sample of the steps that have just run, which took so long, and counts the time; what is not spent
        at every sample, tracing and proving, apart."""
        if (self.instruments.recorder.was_traced or is_proof) and not self.instruments.is_eager():
            compiled = max(0.0, seconds - 2 * (self.schedule.plain_seconds or 0.0))
            self._log.compile_seconds += compiled
            seconds -= compiled
        self._steps.recount(length)
        step = self.step - 1
        started = time.perf_counter()
        try:
            self._store(step, length, with_histograms)
        except Exception as error:
            self._on_failure("a sample", error)
            self.instruments.sampled = None
        seconds += time.perf_counter() - started
        self.schedule.add_sample(step, seconds, is_beside=self.instruments.replay is not None)
        self._on_sample(self)

    def _store(self, step: int, length: int, with_histograms: bool) -> None:
        packing = self.instruments.recorder.packing
        if packing.layout is None:
            raise RuntimeError("the sampled step was expected to say what it measures, and did not")
        tables = {name: table for name, table in packing.sample().items() if table.size}
        self._log.write_sample(tables, length, with_histograms)
        self.report_problem()
        self.alarm.meet_sample(step, tables, packing.layout)
