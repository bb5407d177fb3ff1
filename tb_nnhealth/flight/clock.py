"""The time that a probe has."""

import time
from collections.abc import Callable


class NotMeasured(Exception):
    """Raised by a probe that cannot measure; its text is the reason, a sentence for the user."""


class Clock:
    """Runs from when it is made.

    Args:
      seconds: the probe's share of the budget.
      on_progress: told the fraction of its work that a probe has done, from 0 to 1.
    """

    def __init__(self, seconds: float, on_progress: Callable[[float], None] = lambda fraction: None) -> None:
        self.seconds = seconds
        self.done = on_progress
        self._started = time.perf_counter()

    def spent(self) -> float:
        """Returns the seconds since it was made."""
        return time.perf_counter() - self._started

    def left(self) -> float:
        """Returns the seconds that are left, none below zero."""
        return max(0.0, self.seconds - self.spent())

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
