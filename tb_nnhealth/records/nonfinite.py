"""The first non-finite values of a training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a non-finite value stood: its stage, in causal order "input", "variable", "activation",
    "loss", "gradient", "update"; the row's or variable's name ("" for the loss); how many elements."""

    stage: str
    path: str
    count: float


@dataclass(frozen=True)
class NonFinite:
    """The first non-finite values that were seen while training: the step, and all places, first cause first.

    Where only the variables tell of them, they may have come earlier: `since` is the last step after which
    these were known to be finite (one before the run's first step where that is all there is to know), and None
    where the step is exact.
    """

    step: int
    places: tuple[Place, ...]
    since: int | None = None

    @property
    def first_step(self) -> int:
        """The first step in which they may have come."""
        return self.step if self.since is None else self.since + 1
