"""Judges a run while it trains: when, at what cost, and what is done about the findings."""

import sys
import time
import warnings
from collections.abc import Callable

from tb_nnhealth.rules._rule import PREFLIGHT
from tb_nnhealth.scorecard import Scorecard

SHARE = {"warn": 0.005, "stop": 0.1, "raise": 0.1}
"""Share of the time of all `fit`s so far that judging may take under way: more, where a finding is to end it."""

FIRST_JUDGEMENT = 64
"""Steps after which a training is judged for the first time; then at each epoch's end and whenever the
steps have doubled, as far as SHARE allows. At the end of a `fit` it is judged in any case if the steps have
doubled, which a first one's have, or if a finding is to be raised."""


class HealthWarning(UserWarning):
    """A finding of severity error, or trouble of the callback's own."""


def warn(message: str) -> None:
    """Warns in the name of who called the caller's caller, and never harms.

    Where the user's filter makes an error of the warning, its text goes to stderr, and the training goes on.
    """
    try:
        warnings.warn(message, HealthWarning, stacklevel=4)
    except HealthWarning:
        print(f"HealthWarning: {message}", file=sys.stderr)


class HealthError(RuntimeError):
    """A finding of severity error, with `on_error="raise"`."""


class Judge:
    """Does what `on_error` says about findings of severity error.

    It lasts for all `fit`s of a model. A rule is told of once; where it is to end a `fit`, once in each.

    Args:
      on_error: "warn", "stop" or "raise", as of `HealthCallback`.
      first_step: the number of the training's first step.
      scorecard: reads the scorecard of the run as it is now.
      stop: stops the training, and returns whether there was one to stop.
      leave: called before `HealthError` is raised.
    """

    def __init__(
        self,
        on_error: str,
        first_step: int,
        scorecard: Callable[[], Scorecard],
        stop: Callable[[], bool],
        leave: Callable[[], None],
    ) -> None:
        self._on_error = on_error
        self._first_step = first_step
        self._scorecard = scorecard
        self._stop = stop
        self._leave = leave
        self._told: set[str] = set()
        self._began: float | None = None
        self._earlier = self._spent = self._last = 0.0
        self._judged_at = 0

    def begin_fit(self) -> None:
        """Notes that a `fit` of the model begins."""
        self._began = time.perf_counter()
        if self._on_error != "warn":
            self._told.clear()

    def end_fit(self) -> None:
        """Notes that it has ended. Of one that died this is not told, and its time does not count."""
        self._earlier, self._began = self._elapsed(), None

    def is_due_at_sample(self, step: int) -> bool:
        """Returns whether to judge after a sample, with `step` the next step's number."""
        steps = step - self._first_step
        return steps >= max(FIRST_JUDGEMENT, 2 * self._judged_at) and self._keeps_within_share()

    def is_due_at_epoch_end(self, step: int) -> bool:
        """Returns whether to judge at the end of an epoch."""
        return step - self._first_step >= FIRST_JUDGEMENT and self._keeps_within_share()

    def is_due_at_end(self, step: int) -> bool:
        """Returns whether to judge at the end of a `fit`."""
        has_doubled = step - self._first_step >= 2 * self._judged_at
        return self._on_error == "raise" or has_doubled or self._keeps_within_share()

    def judge(self, step: int) -> float:
        """Judges the run, acts on the findings that are new, and returns how many seconds the judging took.

        What a preflight found it has told by itself, perhaps of what is mended by now.

        Raises:
          HealthError: there are such findings, and `on_error` is "raise".
        """
        started = time.perf_counter()
        scorecard = self._scorecard()
        known = self._told | {verdict.rule.name for verdict in scorecard.rules if verdict.rule.category == PREFLIGHT}
        findings = [f for f in scorecard.findings if f.severity == "error" and f.rule not in known]
        self._last = time.perf_counter() - started
        self._spent += self._last
        self._judged_at = step - self._first_step
        if findings:
            self._told |= {f.rule for f in findings}
            self._act("; ".join(f"{f.rule}: {f.message}" for f in findings))
        return self._last

    def _keeps_within_share(self) -> bool:
        """Returns whether judging once more keeps within its share of the time; the first time it always does."""
        return self._spent == 0.0 or self._spent + self._last <= SHARE[self._on_error] * self._elapsed()

    def _elapsed(self) -> float:
        """Returns the time of all `fit`s in s, of the one that runs up to now."""
        return self._earlier + (0.0 if self._began is None else time.perf_counter() - self._began)

    def _act(self, message: str) -> None:
        if self._on_error == "raise":
            self._leave()
            raise HealthError(message)
        if self._on_error == "stop" and self._stop():
            message += " (training is stopped)"
        warn(message)
