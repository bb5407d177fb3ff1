"""Which steps are sampled: densely at the start, once an epoch, then within a share of the training time."""

from collections import deque
from dataclasses import dataclass, field
from statistics import fmean, median_low

DENSE_STEPS = 64
DENSE_EVERY = 4
"""Steps 0, 1, 2, 4, 8, 12 … 60 of a training are always sampled, for most faulty trainings are short."""

SAMPLES_AT_ONCE = 512
"""At most one sample in every `steps / 512` steps: 512 samples, then 355 (512 · ln 2) more each time the
steps double, so that a run of 10⁶ steps has no more than about 4,400."""

FREE_EPOCHS = 1000
"""Epochs whose sample is taken whatever the budget; later ones keep to the bound above."""

HISTOGRAM_EVERY = 16
"""Of the first samples those at 0, 1, 2, 4, 8 take histograms, then every 16th."""

RECENT_STEPS = 16
"""So many of the last steps that were not sampled tell how long one takes."""

SLOW = 20
"""A step that takes so many times as long as the others waited for something else, such as its compilation."""

TIMED = 0.6
"""Share of the budget for what can be timed. The rest is for what cannot: the guard's part in every step, and what a
sample leaves to the steps behind it, whose data are in no cache any more."""

_GOLDEN = 0.6180339887498949


@dataclass
class Schedule:
    """Decides for each step whether it is sampled, from the steps done and the time spent.

    It lasts for all `fit`s of a compiled model: `model.fit(…, epochs=1)` in a loop is one training.

    Args:
      sampling: "auto", or N for every N-th step and nothing else.
      overhead: share of the training time that sampling may cost under "auto".
    """

    sampling: str | int = "auto"
    overhead: float = 0.02
    training_seconds: float = 0.0
    sampling_seconds: float = 0.0
    samples: int = 0
    _start: int | None = None
    _last_sample: int | None = None
    _sampled_in_epoch: bool = False
    _epochs: int = 0
    _epoch_sample: int = 0
    _epoch_last: int | None = None
    _cost: float | None = None
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_STEPS))
    _unsettled: list[float] = field(default_factory=list)

    @property
    def plain_seconds(self) -> float | None:
        """Seconds of an unsampled step, of late: the mean of those that did not wait; None before the first."""
        if not self._recent:
            return None
        usual = median_low(self._recent)
        return fmean(seconds for seconds in self._recent if seconds <= SLOW * usual)

    def begin_epoch(self, first_step: int, steps: int | None) -> None:
        """Notes that an epoch begins at `first_step`; `steps` is its length where it is known.

        Its sample falls on another part of each epoch (a golden-ratio sequence), since data that is
        sorted would show the same label at each epoch's first step. The last batch of an epoch is not
        sampled: it may be smaller, and the step would be compiled again for it.
        """
        if self._start is None:
            self._start = first_step
        position = int((self._epochs * _GOLDEN) % 1.0 * max(1, (steps or 1) - 1))
        self._epoch_sample = first_step + position
        self._epoch_last = first_step + steps - 1 if steps is not None and steps > 1 else None
        self._sampled_in_epoch = False
        self._epochs += 1

    def is_due(self, step: int, length: int = 1) -> bool:
        """Returns whether the steps `[step, step + length)`, which run as one, are to be sampled."""
        last = step + length - 1
        if isinstance(self.sampling, int):
            return last // self.sampling != (step - 1) // self.sampling
        if self._epoch_last is not None and last >= self._epoch_last and length == 1:
            return False
        return self._is_dense(step, last) or self._is_epochs_turn(step, last) or self._is_affordable(last)

    def takes_histograms(self) -> bool:
        """Returns whether the next sample takes histograms too."""
        return self.samples % HISTOGRAM_EVERY == 0 or self.samples in (1, 2, 4, 8)

    def add_step(self, seconds: float) -> None:
        """Counts the time of a step (or of several run as one) that was not sampled."""
        self.training_seconds += seconds
        self._recent.append(seconds)
        unsettled, self._unsettled = self._unsettled, []
        for sample in unsettled:
            self._settle(sample, seconds)

    def add_sample(self, step: int, seconds: float, is_beside: bool = False) -> None:
        """Counts a sample: its whole time, of which an unsampled step would have taken `plain_seconds`.

        Where that is not known yet, the first unsampled step will tell. One that was taken beside its step, which is
        counted by itself, is all extra.
        """
        if is_beside:
            self._charge(seconds)
        elif (plain_seconds := self.plain_seconds) is not None:
            self._settle(seconds, plain_seconds)
        elif len(self._unsettled) < DENSE_STEPS:
            self._unsettled.append(seconds)
        else:
            self.training_seconds += seconds  # No plain step ever comes: what sampling costs stays unknown.
        self.samples += 1
        self._last_sample = step
        self._sampled_in_epoch = True

    def end_fit(self) -> None:
        """Counts what no plain step came to tell the cost of as training."""
        self.training_seconds += sum(self._unsettled)
        self._unsettled = []

    def add_work(self, seconds: float) -> None:
        """Counts work beside the steps (judging the run) against the budget."""
        self.sampling_seconds += seconds

    def can_afford(self, seconds: float) -> bool:
        """Returns whether the budget has so many seconds left."""
        return self.sampling_seconds + seconds <= TIMED * self.overhead * self.training_seconds

    def _settle(self, seconds: float, plain_seconds: float) -> None:
        extra = max(0.0, seconds - plain_seconds)
        self.training_seconds += seconds - extra
        self._charge(extra)

    def _charge(self, extra: float) -> None:
        self.sampling_seconds += extra
        self._cost = extra if self._cost is None else 0.7 * self._cost + 0.3 * extra

    def _is_dense(self, first: int, last: int) -> bool:
        start = self._start or 0
        first, last = first - start, last - start
        if first >= DENSE_STEPS:
            return False
        if first <= 2 or self._last_sample is None:
            return True
        return last // DENSE_EVERY > (self._last_sample - start) // DENSE_EVERY

    def _is_epochs_turn(self, first: int, last: int) -> bool:
        if self._sampled_in_epoch or last < self._epoch_sample:
            return False
        return self._epochs <= FREE_EPOCHS or self._is_apart(last)

    def _is_affordable(self, last: int) -> bool:
        return self.overhead > 0 and self._cost is not None and self._is_apart(last) and self.can_afford(self._cost)

    def _is_apart(self, step: int) -> bool:
        return self._last_sample is None or step - self._last_sample >= max(1, step // SAMPLES_AT_ONCE)
