"""The alarm: tells once of the first non-finite value, which the guard, a sample or a look at the variables finds."""

import time
from collections.abc import Callable, Mapping

from tb_nnhealth.instrument.guard import from_sample
from tb_nnhealth.instrument.instruments import Instruments
from tb_nnhealth.instrument.log import SessionLog
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.steps import StepCount
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.instrument.watch import VariableWatch
from tb_nnhealth.records import FloatArray, NonFinite

SECONDS = 1.0
"""How often the guard is asked between samples."""


class Alarm:
    """Asks who may have seen something, and writes it down.

    Args:
      instruments: of the training, with the guard.
      steps: how far it is.
      log: where it is written down.
      on_failure: told of what breaks in here.
      on_found: told when something was found and written down.
    """

    def __init__(
        self,
        instruments: Instruments,
        steps: StepCount,
        log: SessionLog,
        on_failure: Failure,
        on_found: Callable[[], None],
    ) -> None:
        self._instruments = instruments
        self._steps = steps
        self._log = log
        self._on_failure = on_failure
        self._on_found = on_found
        self._watch = VariableWatch(instruments.guard)

    def begin_fit(self, step: int) -> None:
        """Notes that a `fit` begins with that step."""
        self._watch.begin_fit(step)
        self._asked = time.perf_counter()
        self._has_told = False

    def is_due(self, now: float) -> bool:
        """Returns whether to ask the guard, at a time of `time.perf_counter`."""
        return now - self._asked > SECONDS

    def ask_at_epoch_end(self) -> None:
        """Asks the guard, and looks at the variables where that is not too long."""
        self._ask(look=self._watch.is_due())

    def ask(self, is_last: bool = False) -> None:
        """Asks the guard whether a step between the samples had a non-finite loss; at the end, looks at the variables,
        too, whether one left its mark there."""
        self._ask(look=is_last, is_last=is_last)

    def meet_sample(self, step: int, tables: Mapping[str, FloatArray], layout: Layout) -> None:
        """Tells what a sample shows of the step, unless a step before it was the first."""
        if self._has_told:
            return
        found = from_sample(step, self._watch.first_step, tables, layout)
        if found is None:
            return self._watch.note_sample(step, tables, layout)
        self.ask()
        self._tell(self._watch.dated(found))

    def _ask(self, look: bool, is_last: bool = False) -> None:
        self._asked = time.perf_counter()
        guard = self._instruments.guard
        if guard is None or self._has_told:
            return
        try:
            found = self._instruments.look_again(guard.caught(), self._watch.first_step)
            if found is None and look and self._steps.has_moved():
                found = self._watch.look(self._steps.next - 1)
            if found is not None and is_last:
                self._log.open()
            self._tell(found)
        except Exception as error:
            self._on_failure("what the guard saw", error)

    def _tell(self, found: NonFinite | None) -> None:
        if found is None or self._has_told or not self._log.is_open():
            return
        self._has_told = True
        places = [{"stage": p.stage, "path": p.path, "count": p.count} for p in found.places]
        self._log.write_event({"kind": "nonfinite", "step": found.step, "since": found.since, "places": places})
        self._on_found()
