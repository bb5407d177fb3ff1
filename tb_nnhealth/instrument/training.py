"""A model's training, of one `fit` or several: opens a session for a `fit`, or goes on with the last one's."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tb_nnhealth.instrument import describe
from tb_nnhealth.instrument.instruments import Instruments, selected_sites
from tb_nnhealth.instrument.layers import check_patterns, sites
from tb_nnhealth.instrument.optimizers import steps_done
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.instrument.session import Session
from tb_nnhealth.instrument.settings import Settings
from tb_nnhealth.instrument.trouble import Failure
from tb_nnhealth.records import FloatArray
from tb_nnhealth.summary.writer import HealthWriter


@dataclass(frozen=True)
class _Start:
    """Where a `fit` starts: its first step, the wall time in s, the variables' first values if it is the first, and
    what was asked for."""

    step: int
    created: float
    initial: Mapping[str, Mapping[str, Any]]
    plan: Mapping[str, int | None]


class Training:
    """Keeps what lasts from `fit` to `fit` of a model: its instruments, and the last session.

    Args:
      model: the model.
      settings: the callback's.
      on_failure: told of what breaks in here; the training goes on.
      on_nonfinite: told when a session found the first non-finite value.
      on_sample: told after each sample of a session.
    """

    def __init__(
        self,
        model: Any,
        settings: Settings,
        on_failure: Failure,
        on_nonfinite: Callable[[Session], None],
        on_sample: Callable[[Session], None],
    ) -> None:
        self.model = model
        self._settings = settings
        self._on_failure = on_failure
        self._on_nonfinite = on_nonfinite
        self._on_sample = on_sample
        self._instruments: Instruments | None = None
        self._last: Session | None = None
        self._manifest: dict[str, Any] = {}
        self._writer: HealthWriter | None = None
        self._had_written = False

    def is_of(self, model: Any) -> bool:
        """Returns whether it is that model's training, and could be begun."""
        return self.model is model and self._instruments is not None

    def next_step(self) -> int:
        """Returns the number of the next `fit`'s first step."""
        return max(0 if self._last is None else self._last.step, steps_done(self.model))

    def has_written(self) -> bool:
        """Returns whether anything of it was written."""
        return self._had_written or (self._writer is not None and self._writer.has_written)

    def begin_fit(self, plan: Mapping[str, int | None]) -> Session:
        """Returns the session of the `fit` that begins: the last one where nothing has changed, else a new one.

        Args:
          plan: what `fit` was asked for, {"epochs", "steps_per_epoch"}, None where unknown.
        """
        step = self.next_step()
        initial = describe.initial_facts(selected_sites(self.model, self._settings)) if step == 0 else {}
        instruments = self._instruments_from(step)
        start = _Start(step, time.time(), initial, plan)
        if self._last is not None:
            now = self._describe(start, instruments.recorder.packing.layout, {})
            if self._last.can_go_on(instruments) and describe.tell_the_same(self._manifest, now):
                self._last.begin_fit(step)
                return self._last
            self._last.close()
        make_writer = partial(self._make_writer, start)
        self._last = Session(instruments, step, make_writer, self._on_failure, self._on_nonfinite, self._on_sample)
        return self._last

    def close(self) -> None:
        """Closes the files: no `fit` of the model will come."""
        if self._last is not None:
            self._last.close()

    def _instruments_from(self, step: int) -> Instruments:
        made = self._instruments
        serves = made is not None and made.own is self.model.train_function
        if made is None or not serves or made.sampled is None:  # What broke in one `fit` may work in the next.
            made = self._instruments = Instruments(self.model, self._settings, step, self._on_failure)
        elif made.guard is not None:
            made.guard.restart(step)
        return made

    def _describe(self, start: _Start, layout: Layout | None, first_sample: Mapping[str, FloatArray]) -> dict[str, Any]:
        found = sites(self.model)
        facts = {**describe.initial_from_sample(found, layout, first_sample), **start.initial}
        return describe.manifest(
            self.model, self._settings, found, layout, facts, start.plan, start.step, start.created
        )

    def _make_writer(
        self, start: _Start, layout: Layout | None, first_sample: Mapping[str, FloatArray]
    ) -> HealthWriter:
        try:
            check_patterns(sites(self.model), self._settings.include, self._settings.exclude)
        except ValueError as error:
            self._on_failure("layers", error)
        manifest = self._describe(start, layout, first_sample)
        writer = HealthWriter(self._settings.log_dir, manifest)
        self._had_written = self.has_written()
        self._manifest, self._writer = manifest, writer
        return writer
