"""Runs the steps of a training, sampled or not, and hands what was measured to the log."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_nnhealth.instrument.alarm import Alarm
from tb_nnhealth.instrument.instruments import Instruments
from tb_nnhealth.instrument.log import SessionLog
from tb_nnhealth.instrument.proof import Proof
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.taking import Taken, take
from tb_nnhealth.instrument.trouble import Failure


@dataclass(frozen=True)
class Plan:
    """How steps are to be run: sampled, with histograms or not and with a proof or not; or, where making ready for them
    has failed, unsampled."""

    with_histograms: bool = False
    proof: Proof | None = None
    failure: Exception | None = None


class Stepper:
    """Runs the next step, or as many as Keras runs at once.

    Args:
      instruments: the step functions.
      steps: counts them.
      log: where samples are written.
      alarm: is shown each sample, and asks now and then.
      on_failure: told of what breaks in here; the training goes on.
      on_sample: told after each sample.
    """

    def __init__(
        self,
        instruments: Instruments,
        steps: StepCount,
        log: SessionLog,
        alarm: Alarm,
        on_failure: Failure,
        on_sample: Callable[[], None],
    ) -> None:
        self._instruments = instruments
        self._schedule = instruments.schedule
        self._steps = steps
        self._log = log
        self._alarm = alarm
        self._on_failure = on_failure
        self._on_sample = on_sample
        self.forget()

    def forget(self) -> None:
        """Forgets the iterator for which all is ready."""
        self._iterator: Any = None

    def knows(self, iterator: Any) -> bool:
        """Returns whether all is ready for the iterator's batches."""
        return iterator is self._iterator

    def plan(self, iterator: Any, length: int) -> Plan | None:
        """Returns how the next steps, `length` of them, are to be sampled, None where they are not to be.

        They are also where it is not settled that the guard may run.
        """
        failure = None if self.knows(iterator) else self._make_ready(iterator)
        if failure is not None:
            return Plan(failure=failure)
        instruments = self._instruments
        if not instruments.is_ready():
            return None
        if not self._schedule.is_due(self._steps.next, length) and not instruments.is_unproven(iterator):
            return None
        with_histograms = self._schedule.takes_histograms()
        instruments.recorder.request_histograms(with_histograms)
        instruments.recorder.was_traced = False
        return Plan(with_histograms, instruments.proof(iterator, self._steps.next))

    def run(self, plan: Plan | None, iterator: Any, length: int) -> Any:
        """Runs the next steps as planned, and returns their logs."""
        if plan is None:
            return self._run_unsampled(iterator, length)
        if plan.failure is None:
            return self._run_sampled(plan, iterator, length)
        logs = self._run_unsampled(iterator, length)  # It raises where the training itself is at fault.
        self._on_failure("the sampled step", plan.failure)
        return logs

    def _run_unsampled(self, iterator: Any, length: int, waited: float = 0.0) -> Any:
        """Runs the next steps, whose batches were waited for so many seconds before."""
        started = time.perf_counter()
        try:
            logs = self._instruments.unsampled(iterator)
        except Exception as error:
            if self._instruments.unsampled is self._instruments.own or not self._instruments.are_at_fault(error):
                raise
            self._instruments.unsampled = self._instruments.own
            logs = self._instruments.own(iterator)  # It raises where the training itself is at fault.
            self._on_failure("the guarded step", error)
        seconds = waited + time.perf_counter() - started
        self._steps.next += length
        try:
            if self._instruments.is_compiled:
                self._schedule.add_step(seconds)
            self._instruments.is_compiled = True
            if self._alarm.is_due(started):
                self._alarm.ask()
        except Exception as error:
            self._on_failure("what a step took", error)
        return logs

    def _run_sampled(self, plan: Plan, iterator: Any, length: int) -> Any:
        instruments = self._instruments
        assert instruments.sampled is not None
        if plan.proof is not None or instruments.replay is not None:
            return self._run_ahead(plan, iterator, length)
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
        self._take_sample(time.perf_counter() - started, length, plan)
        return logs

    def _run_ahead(self, plan: Plan, iterator: Any, length: int) -> Any:
        """Measures the next steps, takes them back, and runs them as if nothing had been."""
        taken, failure, is_measured = Taken(None, None), None, False
        fetched = started = time.perf_counter()
        try:
            taken = take(iterator, length)
            fetched = time.perf_counter()
            if taken.batches is not None:
                self._instruments.measure(taken.batches, plan.proof)
                is_measured = True
        except Exception as error:
            failure = error
            self._instruments.give_up()
        seconds = time.perf_counter() - fetched
        if taken.error is not None and taken.batches is None:
            raise taken.error
        if plan.proof is not None and is_measured and taken.batches is not None:
            logs = self._run_proof(plan.proof, taken.batches, length)
        else:
            batches = iterator if taken.batches is None else iter(taken.batches)
            logs = self._run_unsampled(batches, length, waited=fetched - started)
        if taken.error is not None:
            raise taken.error
        if is_measured:
            self._take_sample(seconds, length, plan)
        if failure is not None:
            self._on_failure("the sampled step", failure)
        return logs

    def _run_proof(self, proof: Proof, batches: tf.data.Dataset, length: int) -> Any:
        """Runs the model's own step, and goes on with that of ours which trains the same."""
        logs = proof.train(batches)
        started = time.perf_counter()
        try:
            self._instruments.settle(proof.holds(batches), proof.has_moved, self._steps.next)
        except Exception as error:
            self._instruments.give_up()
            self._on_failure("whether the step trains the same", error)
        self._log.compile_seconds += time.perf_counter() - started
        self._steps.next += length
        return logs

    def _make_ready(self, iterator: Any) -> Exception | None:
        """Makes the step ready for the batches of an iterator; returns what that failed with."""
        if self._instruments.is_ready():
            self._iterator = iterator
        if not self._instruments.meets_others(iterator):
            return None
        started = time.perf_counter()
        try:
            self._instruments.make_ready(iterator)
            return None
        except Exception as error:
            self._instruments.give_up()
            return error
        finally:
            self._log.compile_seconds += time.perf_counter() - started

    def _take_sample(self, seconds: float, length: int, plan: Plan) -> None:
        """Keeps the sample of the steps that have just run, which took so long, and counts the time."""
        try:
            self._steps.recount(length)
            step = self._steps.next - 1
            seconds -= self._compiling(seconds, plan)
            started = time.perf_counter()
            self._store(step, length, plan.with_histograms)
            seconds += time.perf_counter() - started
            self._schedule.add_sample(step, seconds, is_beside=self._instruments.replay is not None)
            self._on_sample()
        except Exception as error:
            self._on_failure("a sample", error)
            self._instruments.sampled = None

    def _compiling(self, seconds: float, plan: Plan) -> float:
        """Returns what of a sample's time is not spent at every one, for tracing and proving, and counts it apart."""
        if self._instruments.is_eager() or not (self._instruments.recorder.was_traced or plan.proof is not None):
            return 0.0
        compiling = max(0.0, seconds - 2 * (self._schedule.plain_seconds or 0.0))
        self._log.compile_seconds += compiling
        return compiling

    def _store(self, step: int, length: int, with_histograms: bool) -> None:
        packing = self._instruments.recorder.packing
        if packing.layout is None:
            raise RuntimeError("the sampled step was expected to say what it measures, and did not")
        tables = {name: table for name, table in packing.sample().items() if table.size}
        self._log.write_sample(tables, length, with_histograms)
        self._log.report_problem(self._on_failure)
        self._alarm.meet_sample(step, tables, packing.layout)
