"""The loss of a run as a curve: where it begins and ends, and how it falls."""

import math
from dataclasses import dataclass

import numpy as np

from tb_nnhealth.missing import few_here
from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import MEAN_LOSS, curve
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged
from tb_nnhealth.rules._series import Floats, median, of_present_loss
from tb_nnhealth.rules._told import taken_over
from tb_nnhealth.rules._trivial import is_summed

EPOCHS_ENOUGH = 8
"""From this many epochs on their means are the curve: they are less noisy than single steps."""

LATE_ENOUGH = 3
"""Fewer samples of the last half are single batches, where the epochs' means are many."""

STEADILY = 0.3
"""Share of its fall that a loss makes between the middle and the last third where it does not level off."""

MEDIAN_ERROR = 1.25
"""Standard error of a median of n values ÷ (noise ÷ √n), for normal noise: sqrt(pi / 2)."""

LONG_ENOUGH = 1000
"""Steps after which a run that still goes on is judged like one that has ended."""


@dataclass(frozen=True)
class LossCurve:
    """`[points]` steps and losses, all finite, and the loss at the very start (NaN where unknown)."""

    steps: Floats
    losses: Floats
    start: float
    doubt: float
    """Standard error of the start relative to it: of a median of three sampled steps."""
    end: float
    """The median loss over the last fifth of the points; over the epochs that ended in the last half, where hardly any
    step was sampled there; NaN without points."""
    start_of: str
    """What the start is taken over, in words, as `taken_over` gives them."""
    end_of: str
    point: str
    """What a point is: "sample" or "epoch"."""

    def told_start(self, value: str | None = None) -> str:
        """Returns the start with what it is: "2.3 (median of the first 3 samples)"."""
        return f"{value or number(self.start)} ({self.start_of})"

    def told_end(self, value: str | None = None) -> str:
        return f"{value or number(self.end)} ({self.end_of})"

    @property
    def name(self) -> str:
        """Returns which curve it is, as a finding names it: the sampled steps' loss or the epochs'."""
        return MEAN_LOSS if self.point == "epoch" else "loss"

    @property
    def fell(self) -> float:
        """The relative drop from start to end, 0 where it is unknown."""
        drop = relative_drop(self.start, self.end)
        return drop if math.isfinite(drop) else 0.0


def noise(losses: Floats) -> float:
    """Returns the losses' noise, from their neighbours' differences: 1.4826 × median deviation ÷ √2; 0 of one."""
    differences = np.diff(losses)
    deviation = float(median(np.abs(differences - median(differences))))
    return 1.4826 * deviation / math.sqrt(2) if math.isfinite(deviation) else 0.0


def relative_drop(start: float, end: float) -> float:
    """Returns (start - end) ÷ max(|start|, |end|), which has a meaning for negative losses too."""
    scale = max(abs(start), abs(end))
    return (start - end) / scale if scale != 0 else 0.0


def steps_seen(run: HealthRun) -> int:
    """Returns for how many steps the losses in force were seen."""
    return run.steps - run.loss_since


@once
def loss_curve(run: HealthRun) -> LossCurve:
    """Returns the loss in force: of the epochs, or of the sampled steps where there are few epochs, or where a step's
    loss grows with its batch: the last one of an epoch may be smaller, and is not sampled.

    Raises:
      NotJudged: few of the run's samples are here.
    """
    if few := few_here(run):
        raise NotJudged(few)
    run = of_present_loss(run)
    sampled = run.step.series("loss", "step").astype(np.float64)
    finite = np.isfinite(sampled)
    steps, losses = run.step.steps[finite].astype(np.float64), sampled[finite]
    start, start_of = float(median(losses[:3])), taken_over("first", len(losses[:3]), "sample")
    doubt = MEDIAN_ERROR * noise(losses) / math.sqrt(3) / abs(start) if start else 0.0
    ends, means = _epoch_means(run)
    late, point = late_means(run), "sample"
    if len(means) >= EPOCHS_ENOUGH:
        steps, losses, late, point = ends, means, means[:0], "epoch"
        if not math.isfinite(start):
            start, start_of = float(losses[0]), taken_over("first", 1, point)
    last = late if len(late) else losses[-max(1, len(losses) // 5) :]
    end_of = taken_over("last", len(last), "epoch" if len(late) else point)
    since = f" since step {whole(run.loss_since)}" if run.loss_since else ""
    return LossCurve(steps, losses, start, doubt, float(median(last)), start_of + since, end_of, point)


def _epoch_means(run: HealthRun) -> tuple[Floats, Floats]:
    """Returns the epochs' last steps and mean losses: none where a step's loss grows with its batch, as the last one
    of an epoch may be smaller, and is not sampled."""
    return (np.empty(0), np.empty(0)) if is_summed(run) else curve(run, "loss")


@once
def late_means(run: HealthRun) -> Floats:
    """Returns the mean losses of the epochs that ended in the last half, where hardly any step of it was sampled."""
    middle = run.loss_since + steps_seen(run) / 2
    sampled = run.step.steps[np.isfinite(run.step.series("loss", "step"))]
    ends, means = _epoch_means(run)
    return means[ends >= middle] if np.count_nonzero(sampled >= middle) < LATE_ENOUGH else means[:0]


def has_settled(run: HealthRun) -> bool:
    """Returns whether it may be said that the loss does not fall, rather than that it has not fallen yet."""
    return run.finished or steps_seen(run) >= LONG_ENOUGH


@once
def fall_of_epochs(run: HealthRun, since: float = 0.0) -> float:
    """Returns the relative drop from the first to the last epoch's mean loss, where these fall one after the other.

    Few epochs tell more of a noisy loss than as many samples: each is the mean over the same examples.

    Args:
      run: the run; fewer than three epochs fall by nothing.
      since: of these epochs, the drop is that of those which began at this step or later.
    """
    run = of_present_loss(run)
    ends, means = curve(run, "loss")
    if len(means) < 3 or np.any(np.diff(means) > 0):
        return 0.0
    begins = np.concatenate([[run.loss_since], ends[:-1] + 1])
    counted = means[begins >= since]
    return relative_drop(float(counted[0]), float(counted[-1])) if len(counted) > 1 else 0.0


def falls_ever_faster(curve: LossCurve) -> bool:
    """Returns whether the loss is below zero, and fell by more from the middle third of the points to the last one than
    from the first third to the middle one."""
    if len(curve.losses) < 3 or not curve.end < 0:
        return False
    first, middle, last = _thirds(curve)
    return middle - last > first - middle > 0


def falls_steadily(curve: LossCurve) -> bool:
    """Returns whether the loss falls beyond noise from the middle third of the points to the last one, and by much of
    what it falls in all."""
    first, middle, last = _thirds(curve)
    doubt = 2 * MEDIAN_ERROR * noise(curve.losses) / math.sqrt(max(1, len(curve.losses) // 3))
    return middle - last > max(doubt, STEADILY * (first - last))


def _thirds(curve: LossCurve) -> tuple[float, float, float]:
    """Returns the median losses of the thirds of the points."""
    first, middle, last = (float(median(part)) for part in np.array_split(curve.losses, 3))
    return first, middle, last
