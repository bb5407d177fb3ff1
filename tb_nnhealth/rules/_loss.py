"""How the loss of a run went: whether training suffers, against which every symptom is weighed."""

import math
from dataclasses import dataclass

import numpy as np

from tb_nnhealth.missing import few_here
from tb_nnhealth.numbers import number, whole
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import MEAN_LOSS, curve
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged, OnCurve, Severity
from tb_nnhealth.rules._series import Floats, late, median, of_present_loss
from tb_nnhealth.rules._told import taken_over
from tb_nnhealth.rules._trivial import compiled_losses, is_summed, is_weighted, over_trivial_by_output, trivial_loss

EPOCHS_ENOUGH = 8
"""From this many epochs on their means are the curve: they are less noisy than single steps."""

LATE_ENOUGH = 3
"""Fewer samples of the last half are single batches, where the epochs' means are many."""

FALLS_WELL = 0.3
"""A loss that lost this share of its start falls well, where the trivial predictor's is not known."""

BETTER_THAN_TRIVIAL = 0.95
"""A loss below this share of the trivial predictor's shows that something was learnt."""

VALIDATIONS_ENOUGH = 3
"""Fewer validations may all come before anything was learnt."""

UNLIKE = 2.0
"""What is learnt by heart is near the trivial predictor's loss in its best validation, before it is; above this
multiple of it the examples of the validation are others than those of the training."""

BEGUN = 64
"""Steps before which a run that still goes on, or one whose start was not seen, cannot show whether it learns."""

NEVER_FELL = 0.01
"""A loss that lost less than this share of its start in the whole training never fell."""

HELD_BACK = 0.8
"""Share of what was there to lose that a training leaves which has learnt little."""

HALF = 0.5
"""Share of what was there to lose above which a training is held back."""

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
    late_means, point = _late_means(run), "sample"
    if len(means) >= EPOCHS_ENOUGH:
        steps, losses, late_means, point = ends, means, means[:0], "epoch"
        if not math.isfinite(start):
            start, start_of = float(losses[0]), taken_over("first", 1, point)
    last = late_means if len(late_means) else losses[-max(1, len(losses) // 5) :]
    end_of = taken_over("last", len(last), "epoch" if len(late_means) else point)
    since = f" since step {whole(run.loss_since)}" if run.loss_since else ""
    return LossCurve(steps, losses, start, doubt, float(median(last)), start_of + since, end_of, point)


def _epoch_means(run: HealthRun) -> tuple[Floats, Floats]:
    """Returns the epochs' last steps and mean losses: none where a step's loss grows with its batch, as the last one
    of an epoch may be smaller, and is not sampled."""
    return (np.empty(0), np.empty(0)) if is_summed(run) else curve(run, "loss")


@once
def _late_means(run: HealthRun) -> Floats:
    """Returns the mean losses of the epochs that ended in the last half, where hardly any step of it was sampled."""
    middle = run.loss_since + steps_seen(run) / 2
    sampled = run.step.steps[np.isfinite(run.step.series("loss", "step"))]
    ends, means = _epoch_means(run)
    return means[ends >= middle] if np.count_nonzero(sampled >= middle) < LATE_ENOUGH else means[:0]


@once
def learns_well(run: HealthRun) -> bool:
    """Returns whether something was learnt, so that a symptom in one place does no visible harm.

    The loss is compared with that of the trivial predictor where the labels tell it, else with its
    own start.

    Raises:
      NotJudged: training goes on and has only begun, or its beginning and all but a few steps were not seen.
    """
    seen = steps_seen(run)
    if seen < BEGUN and run.loss_since > 0:
        raise NotJudged(f"the loss in force has been seen for {seen} of the {BEGUN} steps that a verdict needs")
    if seen < BEGUN and not run.finished:
        raise NotJudged(f"training has only begun: {seen} of the {BEGUN} steps that a verdict needs")
    curve, trivial = loss_curve(run), trivial_loss(run)
    if math.isfinite(trivial) and trivial > 0:
        return end_of_data_loss(run, curve) < BETTER_THAN_TRIVIAL * trivial
    return curve.fell >= FALLS_WELL


@once
def suffers(run: HealthRun) -> bool:
    """Returns whether nothing was learnt, as far as is known, or nothing but the examples themselves: a run that
    has only begun has learnt nothing yet, and one whose loss rose until it was NaN or infinite has lost it. What holds
    in training mode alone was learnt.

    Raises:
      NotJudged: few of the run's samples are here.
    """
    fell = loss_curve(run).fell
    if run.nonfinite is not None and fell < 0:
        return True
    try:
        return not learns_well(run) or (fails_in_validation(run) and not fails_in_inference(run))
    except NotJudged:
        return True


def fails_in_validation(run: HealthRun) -> bool:
    """Returns whether nothing was learnt that holds for other examples: no validation was better than a constant
    answer."""
    return has_settled(run) and validation_over_trivial(run) >= BETTER_THAN_TRIVIAL


def learns_by_heart(run: HealthRun) -> bool:
    """Returns whether nothing was learnt that holds for other examples, and these are like those of the training."""
    return fails_in_validation(run) and not validation_is_unlike(run) and not fails_in_inference(run)


def fails_in_inference(run: HealthRun) -> bool:
    """Returns whether what was learnt is lost in inference mode: on a batch of the training itself, at the end of the
    last epoch that it was measured at, that is no better than a constant answer."""
    measured = [epoch.modes.inference for epoch in of_present_loss(run).epochs if epoch.modes is not None]
    return bool(measured) and not measured[-1] < BETTER_THAN_TRIVIAL * trivial_loss(run)


def validation_is_unlike(run: HealthRun) -> bool:
    """Returns whether the examples of the validation are not like those of the training, which were learnt: a constant
    answer is far better there from the first epoch on, when nothing can have been learnt by heart yet, and inference
    mode is not to blame."""
    if not has_settled(run) or not validation_over_trivial(run) > UNLIKE:
        return False
    epochs = of_present_loss(run).epochs
    seen_early = epochs[0].logs.get("val_loss") is not None
    return seen_early and not fails_in_inference(run) and share_left(run) < BETTER_THAN_TRIVIAL


def validation_over_trivial(run: HealthRun) -> float:
    """Returns the best validation loss without regularization ÷ the trivial predictor's on the training labels, NaN
    where there are fewer than three validations, or where the labels do not tell; also where the examples of the
    training are weighted, as those of a validation seldom are, where their losses are summed, as those of a validation
    are over batches of another size, and of several outputs: one may hide another.
    """
    run = of_present_loss(run)
    steps, losses = curve(run, "val_loss")
    trivial = trivial_loss(run)
    incomparable = is_weighted(run) or is_summed(run) or len(compiled_losses(run)) > 1
    if len(losses) < VALIDATIONS_ENOUGH or not trivial > 0 or incomparable:
        return math.nan
    return float((losses - _regularization(run, steps)).min()) / trivial


def _regularization(run: HealthRun, steps: Floats) -> Floats:
    """Returns the regularization's part of the loss at some steps, 0 where it was not measured."""
    values = run.step.series("regularization_loss", "step").astype(np.float64)
    known = np.isfinite(values)
    return np.interp(steps, run.step.steps[known], values[known]) if known.any() else np.zeros(len(steps))


def severity_of_symptom(run: HealthRun) -> Severity:
    """Returns how severe it is what a healthy training can do without harm, too: a warning where nothing
    is learnt, or nothing that holds for other examples."""
    return "warning" if suffers(run) else "info"


def is_held_back(run: HealthRun) -> bool:
    """Returns whether a run suffers, or half and more of what was there to lose is left."""
    return suffers(run) or share_left(run) > HALF


def has_settled(run: HealthRun) -> bool:
    """Returns whether it may be said that the loss does not fall, rather than that it has not fallen yet."""
    return run.finished or steps_seen(run) >= LONG_ENOUGH


def never_fell(run: HealthRun) -> bool:
    """Returns whether the whole training, or a long one, did not lower the loss; it was seen from its start."""
    curve = loss_curve(run)
    fell = curve.fell >= NEVER_FELL + curve.doubt or fall_of_epochs(run) >= NEVER_FELL
    return run.loss_since == 0 and has_settled(run) and not fell


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


def share_left(run: HealthRun) -> float:
    """Returns the late loss without regularization ÷ what was there to lose: the trivial predictor's loss where the
    labels tell it, else that at the start; NaN where neither is above zero."""
    curve, trivial = loss_curve(run), trivial_loss(run)
    whole = trivial if math.isfinite(trivial) else curve.start
    return end_of_data_loss(run, curve) / whole if whole > 0 else math.nan


def learnt_little(run: HealthRun) -> bool:
    """Returns whether a training that has ended leaves most of what was there to lose; where a start was below
    a constant answer's loss by chance, most of that counts."""
    left = share_left(run)
    return run.finished and (left > HELD_BACK or (left > HALF and loss_curve(run).fell < 1 - HELD_BACK))


def against_trivial(run: HealthRun, limit: float) -> OnCurve:
    """Returns the late loss without regularization, and a share of the trivial predictor's as its limit."""
    curve = loss_curve(run)
    return OnCurve(_curve_of_end(run, curve), end_of_data_loss(run, curve), limit * trivial_loss(run))


def _curve_of_end(run: HealthRun, curve: LossCurve) -> str:
    """Returns the name of the curve that the late loss without regularization is read from."""
    by_epochs = len(_late_means(run)) > 0
    if run.step.samples("data_loss") and (not by_epochs or is_regularized(run)):
        return "data_loss"
    return MEAN_LOSS if by_epochs else curve.name


def best_over_trivial(run: HealthRun, curve: LossCurve) -> float:
    """Returns the late loss without regularization ÷ the trivial predictor's, NaN where that is not known or not above
    zero. Of several outputs it is that of the best one: the loss of another may be so large that it hides in the sum.
    """
    whole = trivial_loss(run)
    if not whole > 0:
        return math.nan
    run = of_present_loss(run)
    ratios = [end_of_data_loss(run, curve) / whole, *over_trivial_by_output(run).values()]
    return min((ratio for ratio in ratios if not math.isnan(ratio)), default=math.nan)


def end_of_data_loss(run: HealthRun, curve: LossCurve) -> float:
    """Returns the late loss without regularization where it was measured."""
    run = of_present_loss(run)
    measured = float(median(_late_data_losses(run)))
    if not math.isfinite(measured):
        return curve.end
    return curve.end - float(_regularization(run, curve.steps[-1:])[0]) if len(_late_means(run)) else measured


def told_end_of_data_loss(run: HealthRun, curve: LossCurve) -> str:
    """Returns the late loss without regularization, with what it is taken over."""
    run = of_present_loss(run)
    losses = _late_data_losses(run)
    measured = losses[~np.isnan(losses)]
    over = curve.end_of
    if math.isfinite(median(losses)) and not len(_late_means(run)):
        over = taken_over("last", len(measured), "sample")
    regularized = ", without regularization" if len(measured) and is_regularized(run) else ""
    return f"{number(end_of_data_loss(run, curve))} ({over}{regularized})"


def is_regularized(run: HealthRun) -> bool:
    """Returns whether a part of the loss was regularization at any sampled step."""
    return bool((run.step.highs("regularization_loss") > 0).any())


def _late_data_losses(run: HealthRun) -> Floats:
    losses: Floats = run.step.series("data_loss", "step")[late(run.step.steps)].astype(np.float64)
    return losses
