"""Counts the steps of a training, also where several run as one and the data end among them."""

from typing import Any

from tb_nnhealth.instrument.guard import Guard
from tb_nnhealth.instrument.optimizers import steps_done


class StepCount:
    """Keeps the number of the `next` step, which is how many are done.

    Args:
      model: the model that is trained.
      guard: counts the steps too, in the graph; None where it is switched off.
      first_step: the number to begin with.
    """

    def __init__(self, model: Any, guard: Guard | None, first_step: int) -> None:
        self._model = model
        self._guard = guard
        self.begin_fit(first_step)

    def begin_fit(self, step: int) -> None:
        """Notes that a `fit` begins with that step."""
        self.next = self._fit_start = self._epoch_start = step
        self._updates_before = 0

    def begin_epoch(self) -> None:
        """Notes that an epoch begins."""
        self._epoch_start = self.next
        self._updates_before = steps_done(self._model)

    def has_moved(self) -> bool:
        """Returns whether the `fit` had a step yet."""
        return self.next > self._fit_start

    def length(self) -> int:
        """Returns how many steps run as one next, unless the data end: Keras goes on behind the end of an epoch."""
        return int(self._model.steps_per_execution)

    def recount(self, length: int) -> None:
        """Puts the number right where the data ended within the last `length` steps, which ran as one.

        The guard counts them; without it the optimizer does, but for those that loss scaling skips.
        """
        if length > 1:
            counted = self._counted()
            if self.next - length < counted < self.next:
                self.next = counted

    def catch_up(self) -> None:
        """Goes on behind the steps that the optimizer has taken."""
        self.next = max(self.next, steps_done(self._model))

    def _counted(self) -> int:
        if self._guard is not None:
            return int(self._guard.counter.numpy())
        return self._epoch_start + steps_done(self._model) - self._updates_before
