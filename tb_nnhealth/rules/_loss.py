"""How the loss of a run went: whether training suffers, against which every symptom is weighed."""

import math
from dataclasses import dataclass, replace

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import curve
from tb_nnhealth.rules._rule import NotJudged, Severity
from tb_nnhealth.rules._series import Floats, class_counts, keep, late, mean, median, target_rows

EPOCHS_ENOUGH = 8
"""From this many epochs on their means are the curve: they are less noisy than single steps."""

FALLS_WELL = 0.3
"""A loss that lost this share of its start falls well, where the trivial predictor's is not known."""

BETTER_THAN_TRIVIAL = 0.95
"""A loss below this share of the trivial predictor's shows that something was learnt."""

VALIDATIONS_ENOUGH = 3
"""Fewer validations may all come before anything was learnt."""

BEGUN = 64
"""Steps before which a run that still goes on, or one whose start was not seen, cannot show whether it learns."""

NEVER_FELL = 0.01
"""A loss that lost less than this share of its start in the whole training never fell."""

MEDIAN_ERROR = 1.25
"""Standard error of a median of n values ÷ (noise ÷ √n), for normal noise: sqrt(pi / 2)."""

LONG_ENOUGH = 1000
"""Steps after which a run that still goes on is judged like one that has ended."""

CATEGORICAL = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy")


@dataclass(frozen=True)
class LossCurve:
    """`[points]` steps and losses, all finite, and the loss at the very start (NaN where unknown)."""

    steps: Floats
    losses: Floats
    start: float
    doubt: float
    """Standard error of the start relative to it: of a median of three sampled steps."""

    @property
    def end(self) -> float:
        """The median loss over the last fifth of the points, NaN without points."""
        return float(median(self.losses[-max(1, len(self.losses) // 5) :]))

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


def of_present_loss(run: HealthRun) -> HealthRun:
    """Returns the run with those steps, data and epochs only that saw the losses in force: others do not compare."""
    step, data, classes = (keep(t, t.steps >= run.loss_since) for t in (run.step, run.data, run.classes))
    epochs = tuple(epoch for epoch in run.epochs if epoch.step > run.loss_since)
    return replace(run, step=step, data=data, classes=classes, epochs=epochs)


def steps_seen(run: HealthRun) -> int:
    """Returns for how many steps the losses in force were seen."""
    return run.steps - run.loss_since


def loss_curve(run: HealthRun) -> LossCurve:
    """Returns the loss in force: of the epochs, or of the sampled steps where there are few epochs."""
    run = of_present_loss(run)
    sampled = run.step.series("loss", "step").astype(np.float64)
    finite = np.isfinite(sampled)
    steps, losses = run.step.steps[finite].astype(np.float64), sampled[finite]
    start = float(median(losses[:3]))
    doubt = MEDIAN_ERROR * noise(losses) / math.sqrt(3) / abs(start) if start else 0.0
    logged = [(epoch.step, epoch.logs.get("loss")) for epoch in run.epochs]
    points = [(step, loss) for step, loss in logged if loss is not None and math.isfinite(loss)]
    if len(points) >= EPOCHS_ENOUGH:
        steps, losses = np.array([step for step, _ in points], float), np.array([loss for _, loss in points], float)
        start = start if math.isfinite(start) else float(losses[0])
    return LossCurve(steps, losses, start, doubt)


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


def suffers(run: HealthRun) -> bool:
    """Returns whether nothing was learnt, as far as is known, or nothing but the examples themselves: a run that
    has only begun has learnt nothing yet."""
    try:
        return not learns_well(run) or learns_by_heart(run)
    except NotJudged:
        return True


def learns_by_heart(run: HealthRun) -> bool:
    """Returns whether nothing was learnt that holds for other examples: no validation was better than a constant
    answer."""
    return has_settled(run) and validation_over_trivial(run) >= BETTER_THAN_TRIVIAL


def validation_over_trivial(run: HealthRun) -> float:
    """Returns the best validation loss without regularization ÷ the trivial predictor's on the training labels, NaN
    where there are fewer than three validations, or where the labels do not tell."""
    run = of_present_loss(run)
    steps, losses = curve(run, "val_loss")
    trivial = trivial_loss(run)
    if len(losses) < VALIDATIONS_ENOUGH or not trivial > 0:
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


def has_settled(run: HealthRun) -> bool:
    """Returns whether it may be said that the loss does not fall, rather than that it has not fallen yet."""
    return run.finished or steps_seen(run) >= LONG_ENOUGH


def never_fell(run: HealthRun) -> bool:
    """Returns whether the whole training, or a long one, did not lower the loss; it was seen from its start."""
    curve = loss_curve(run)
    return run.loss_since == 0 and has_settled(run) and curve.fell < NEVER_FELL + curve.doubt


def share_left(run: HealthRun) -> float:
    """Returns the late loss without regularization ÷ what was there to lose: the trivial predictor's loss where the
    labels tell it, else that at the start; NaN where neither is above zero."""
    curve, trivial = loss_curve(run), trivial_loss(run)
    whole = trivial if math.isfinite(trivial) else curve.start
    return end_of_data_loss(run, curve) / whole if whole > 0 else math.nan


def trivial_loss(run: HealthRun) -> float:
    """Returns the loss of the best constant prediction, NaN where the labels seen do not tell it.

    The entropy of the class frequencies for cross-entropies, the targets' variance for the mean
    squared error; for a model with one compiled loss.
    """
    run = of_present_loss(run)
    losses = run.model.compile.get("losses") or []
    name = losses[0].get("class_name") if len(losses) == 1 else None
    if name in CATEGORICAL:
        targets = target_rows(run.classes)
        return _entropy(class_counts(run, targets[0]).sum(axis=0)) if len(targets) == 1 else math.nan
    targets = target_rows(run.data)
    if len(targets) != 1:
        return math.nan
    if name == "MeanSquaredError":
        return float(median(run.data.series("data_std", targets[0]))) ** 2
    low, high = run.data.series("data_min", targets[0]), run.data.series("data_max", targets[0])
    if name == "BinaryCrossentropy" and bool(np.all(low >= 0) and np.all(high <= 1)):
        positive = mean(run.data.series("data_mean", targets[0]))
        return _entropy(np.array([positive, 1 - positive]))
    return math.nan


def _entropy(weights: Floats) -> float:
    present = weights[weights > 0]
    if not len(present) or not np.isfinite(weights).all():
        return math.nan
    share = present / present.sum()
    return float(-(share * np.log(share)).sum())


def end_of_data_loss(run: HealthRun, curve: LossCurve) -> float:
    """Returns the late loss without regularization where it was measured."""
    step = of_present_loss(run).step
    measured = float(median(step.series("data_loss", "step")[late(step.steps)]))
    return measured if math.isfinite(measured) else curve.end
