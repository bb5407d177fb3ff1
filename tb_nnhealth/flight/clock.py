"""The time that a probe has."""

import time
from collections.abc import Callable


class NotMeasured(Exception):
    """Raised by a probe that cannot measure; its text is the reason, a sentence for the user."""


class NothingToMeasure(NotMeasured):
    """Raised by a probe that does not concern this model or this data: nothing stays unknown of them."""


class Clock:
    """Runs from when it is made. `is_short` says whether a probe has asked it for time when none was left.

    Args:
      seconds: the probe's share of the budget.
      on_progress: told the fraction of its work that a probe has done, from 0 to 1.
      whole: the clock that this one is a part of.
      on_look: called whenever somebody looks at what is left; may raise what shall end the probe, as Ctrl-C.
    """

    def __init__(
        self,
        seconds: float,
        on_progress: Callable[[float], None] = lambda fraction: None,
        whole: "Clock | None" = None,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self.seconds = seconds
        self.done = on_progress
        self.is_short = False
        self._whole = whole
        self._on_look = on_look
        self._started = time.perf_counter()

    def spent(self) -> float:
        """Returns the seconds since it was made."""
        return time.perf_counter() - self._started

    def left(self) -> float:
        """Returns the seconds that are left, none below zero."""
        self._on_look()
        left = max(0.0, self.seconds - self.spent())
        if not left:
            self._tell_short()
        return left

    def part(self, seconds: float) -> "Clock":
        """Returns the clock of a part of the probe's work, which is short of time where the part is."""
        return Clock(seconds, whole=self, on_look=self._on_look)

    def check(self, doing: str) -> None:
        """Ends the probe where no time is left.

        Args:
          doing: what it would do, "train it for 40 steps".

        Raises:
          NotMeasured: the share of the budget is spent.
        """
        if not self.left():
            raise NotMeasured(
                f"its share of the budget, {self.seconds:.3g} s, was spent before it could {doing}: "
                "give preflight more with budget="
            )

    def _tell_short(self) -> None:
        self.is_short = True
        if self._whole is not None:
            self._whole._tell_short()
