"""The variables under watch: they tell of NaN of which no loss does, and since when it may be there."""

import time
from collections.abc import Mapping
from dataclasses import replace

from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.sample import Layout
from tb_nnhealth.records import FloatArray, NonFinite

PAUSE = 200.0
"""How many times as long as a look took there is none after it: looks at epochs' ends may cost 0.5 % of the time."""


class VariableWatch:
    """Keeps the last step after which the variables are known to have been finite.

    Args:
      guard: looks at the variables; None where it is switched off, then samples alone tell.
    """

    def __init__(self, guard: Guard | None) -> None:
        self._guard = guard
        self._look_ended = self._look_seconds = 0.0
        self.begin_fit(0)

    def begin_fit(self, step: int) -> None:
        """Notes that a `fit` begins with that step: nothing has come in it before."""
        self.first_step = step
        self._looked = self._sampled = step - 1
        self._rows: frozenset[str] = frozenset()

    def note_sample(self, step: int, tables: Mapping[str, FloatArray], layout: Layout) -> None:
        """Notes which variables a sample shows finite: as they were before its step."""
        if "variables" in tables:
            counts = tables["variables"][:, layout.columns["variables"].index("value_nonfinite")]
            self._rows = frozenset(row for row, n in zip(layout.rows["variables"], counts, strict=True) if n == 0)
            self._sampled = step - 1

    def is_due(self) -> bool:
        """Returns whether another look keeps within its share of the time; the first one always does."""
        return time.perf_counter() - self._look_ended >= PAUSE * self._look_seconds

    def look(self, last_step: int) -> NonFinite | None:
        """Returns what the steps up to the last one did to the variables; None where these are finite."""
        if self._guard is None or last_step == self._looked:
            return None
        started = time.perf_counter()
        found = self._guard.left_behind(last_step)
        self._look_ended = time.perf_counter()
        self._look_seconds = self._look_ended - started
        if found is None:
            self._looked = last_step
        return found and self.dated(found)

    def dated(self, found: NonFinite) -> NonFinite:
        """Returns it with the last step before it that is known to have left those variables finite.

        A sample knows that of the variables it measures; a look, of all.
        """
        if any(place.stage != "update" for place in found.places):
            return found
        is_measured = all(place.path in self._rows for place in found.places)
        since = max(self._looked, self._sampled) if is_measured else self._looked
        return replace(found, since=since) if since < found.step - 1 else found
