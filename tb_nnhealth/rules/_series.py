"""What rules ask of a run's series: robust summaries over windows, and how the loss went.

A NaN is a value that was not measured: every summary is taken over the others.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_nnhealth.records import HealthRun, Table

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def median(values: ArrayLike, axis: int | None = None) -> Floats:
    """Returns the median of the measured values, NaN where there are none."""
    return quantile(values, 0.5, axis)


def quantile(values: ArrayLike, share: float, axis: int | None = None) -> Floats:
    """Returns the quantile of the measured values, NaN where there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = np.nanquantile(np.asarray(values, np.float64), share, axis=axis)
    return np.asarray(result)


def late(steps: NDArray[np.int64], minimum: int = 4) -> Mask:
    """Returns which samples lie in the last half of the steps; the last `minimum` ones where these are fewer."""
    if not len(steps):
        return np.zeros(0, bool)
    middle = (int(steps[0]) + int(steps[-1])) / 2
    start = min(int(np.searchsorted(steps, middle)), max(0, len(steps) - minimum))
    return np.arange(len(steps)) >= start


def applied(run: HealthRun, table: Table) -> Mask:
    """Returns at which of the table's steps the optimizer changed the variables.

    It did not where gradient accumulation only accumulated, or where the loss-scale optimizer
    skipped the step; a step of which nothing is known counts.
    """
    idle = (run.step.series("update_applied", "step") == 0) | (run.step.series("step_skipped", "step") == 1)
    return ~np.isin(table.steps, run.step.steps[idle])


def keep(table: Table, samples: Mask) -> Table:
    """Returns the table with some of its samples only."""
    return replace(
        table,
        steps=table.steps[samples],
        wall_times=table.wall_times[samples],
        values=table.values[samples],
        low=table.low[samples],
        high=table.high[samples],
    )


def before(run: HealthRun, step: int) -> HealthRun:
    """Returns the run as it was before a step."""
    return replace(
        run,
        variables=keep(run.variables, run.variables.steps < step),
        activations=keep(run.activations, run.activations.steps < step),
        data=keep(run.data, run.data.steps < step),
        step=keep(run.step, run.step.steps < step),
        classes=keep(run.classes, run.classes.steps < step),
        epochs=tuple(epoch for epoch in run.epochs if epoch.step <= step),
    )


@dataclass(frozen=True)
class LossCurve:
    """How the loss went: `[points]` steps and losses, all finite; the epochs' means where there are enough."""

    steps: Floats
    losses: Floats
    start: float
    """The loss at the very start: the median of the first samples."""

    @property
    def end(self) -> float:
        """The loss over the last fifth of the points."""
        return float(median(self.losses[-max(1, len(self.losses) // 5) :]))

    @property
    def fell(self) -> float:
        """What share of its start the loss has lost, within [-1, 1] for losses of one sign; 0 where unknown."""
        return relative_drop(self.start, self.end) if len(self.losses) else 0.0


def relative_drop(start: float, end: float) -> float:
    """Returns (start - end) ÷ max(|start|, |end|): it has a meaning for negative losses too."""
    scale = max(abs(start), abs(end))
    return (start - end) / scale if scale > 0 else 0.0


EPOCHS_ENOUGH = 8


def loss_curve(run: HealthRun) -> LossCurve:
    """Returns the loss of the epochs, or of the sampled steps where there are few epochs."""
    sampled = run.step.series("loss", "step").astype(np.float64)
    finite = np.isfinite(sampled)
    steps, losses = run.step.steps[finite].astype(np.float64), sampled[finite]
    of_epochs = [(epoch.step, epoch.logs.get("loss")) for epoch in run.epochs]
    points = [(step, loss) for step, loss in of_epochs if loss is not None and np.isfinite(loss)]
    start = float(median(losses[:3])) if len(losses) else float("nan")
    if len(points) >= EPOCHS_ENOUGH:
        steps, losses = (np.array(column, np.float64) for column in zip(*points, strict=True))
        start = start if np.isfinite(start) else float(losses[0])
    return LossCurve(steps, losses, start)


LEARNS_WELL = 0.3
"""A loss that has lost this share of its start is falling well: training does not suffer."""


def learns_well(run: HealthRun) -> bool:
    """Returns whether the loss fell so far that a symptom in one place does no visible harm."""
    return loss_curve(run).fell >= LEARNS_WELL
