"""A training under measurement: takes the place of the step function, and follows the epochs and the `fit`."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.alarm import Alarm
from tb_nnhealth.instrument.instruments import Instruments
from tb_nnhealth.instrument.log import MakeWriter, SessionLog
from tb_nnhealth.instrument.stepper import Stepper
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.trouble import Failure


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
        self._stepper = Stepper(instruments, self._steps, self._log, self.alarm, on_failure, lambda: on_sample(self))
        self._on_failure = on_failure
        self.begin_fit(first_step)

    @property
    def step(self) -> int:
        """The next step's number."""
        return self._steps.next

    def begin_fit(self, step: int) -> None:
        """Takes the place of the model's own step function; `step` is the next step's number."""
        self._steps.begin_fit(step)
        self.alarm.begin_fit(step)
        self._history = _history(self.instruments.model)
        self._stepper.forget()
        self._is_running = True
        self.instruments.model.train_function = self

    def __call__(self, iterator: Any) -> Any:
        """Runs the next step, or as many as Keras runs at once."""
        if not self._stepper.knows(iterator) and not self._is_ours(iterator):
            return self.instruments.own(iterator)
        try:
            length = self._steps.length()
            plan = self._stepper.plan(iterator, length)
        except Exception as error:
            return self._go_without(iterator, error)
        try:
            return self._stepper.run(plan, iterator, length)
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
        if not self._is_running:
            return
        started = time.perf_counter()
        self._steps.recount(self._steps.length())
        self.alarm.ask_at_epoch_end()
        modes, galleries = self.instruments.modes, self.instruments.galleries
        compiled = modes.compile_seconds + galleries.compile_seconds
        self._log.write_epoch(epoch, logs, lambda: modes.measure(is_last))
        self._log.write_gallery(galleries.take(epoch, is_last))
        compiled = modes.compile_seconds + galleries.compile_seconds - compiled
        self._log.compile_seconds += compiled
        self.schedule.add_work(time.perf_counter() - started - compiled)

    def is_alive(self) -> bool:
        """Returns whether the `fit` that this session belongs to is the one that runs."""
        return all(now is then for now, then in zip(_history(self.instruments.model), self._history, strict=True))

    def detach(self) -> None:
        """Gives the model its own step function back."""
        self._stepper.forget()
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
        self._log.report_problem(self._on_failure)

    def close(self) -> None:
        """Closes the files: no `fit` goes on with it."""
        self._log.close()

    def can_go_on(self, instruments: Instruments) -> bool:
        """Returns whether a `fit` with these instruments can go on with it."""
        return instruments is self.instruments and self._log.can_go_on()

    def is_displaced(self) -> bool:
        """Returns whether another step function runs in its place, which it has not given up."""
        return self._is_running and self.instruments.model.train_function is not self

    def skip(self, message: str) -> None:
        """Goes on behind the steps that were taken without it, and writes down why they were not measured."""
        self._steps.catch_up()
        self._log.write_event({"kind": "problem", "message": message})

    def _is_ours(self, iterator: Any) -> bool:
        """Returns whether the batches are those of the `fit` that this session belongs to, which has not died."""
        if not self.is_alive():
            self.detach()
            return False
        return not inspect.isgenerator(iterator)  # That is what `train_on_batch` gives.

    def _go_without(self, iterator: Any, error: Exception) -> Any:
        """Leaves the training to the model's own step function."""
        self.end_fit(finished=False)
        self._on_failure("the steps to come", error)
        return self.instruments.own(iterator)


def _history(model: Any) -> tuple[Any, Any]:
    """Returns what each `fit` has of its own: its history, or the epochs in one that serves several."""
    history = getattr(model, "history", None)
    return history, getattr(history, "epoch", None)
