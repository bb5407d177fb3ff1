"""Whether a run learns, against which every symptom is weighed."""

import math

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._data_loss import end_of_data_loss, share_left, validation_over_trivial
from tb_nnhealth.rules._loss import fall_of_epochs, has_settled, loss_curve, steps_seen
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged, Severity
from tb_nnhealth.rules._series import of_present_loss
from tb_nnhealth.rules._trivial import trivial_loss

BEGUN = 64
"""Steps before which a run that still goes on, or one whose start was not seen, cannot show whether it learns."""

FALLS_WELL = 0.3
"""A loss that lost this share of its start falls well, where the trivial predictor's is not known."""

BETTER_THAN_TRIVIAL = 0.95
"""A loss below this share of the trivial predictor's shows that something was learnt."""

UNLIKE = 2.0
"""What is learnt by heart is near the trivial predictor's loss in its best validation, before it is; above this
multiple of it the examples of the validation are others than those of the training."""

NEVER_FELL = 0.01
"""A loss that lost less than this share of its start in the whole training never fell."""

HELD_BACK = 0.8
"""Share of what was there to lose that a training leaves which has learnt little."""

HALF = 0.5
"""Share of what was there to lose above which a training is held back."""


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


def severity_of_symptom(run: HealthRun) -> Severity:
    """Returns how severe it is what a healthy training can do without harm, too: a warning where nothing
    is learnt, or nothing that holds for other examples."""
    return "warning" if suffers(run) else "info"


def is_held_back(run: HealthRun) -> bool:
    """Returns whether a run suffers, or half and more of what was there to lose is left."""
    return suffers(run) or share_left(run) > HALF


def learnt_little(run: HealthRun) -> bool:
    """Returns whether a training that has ended leaves most of what was there to lose; where a start was below
    a constant answer's loss by chance, most of that counts."""
    left = share_left(run)
    return run.finished and (left > HELD_BACK or (left > HALF and loss_curve(run).fell < 1 - HELD_BACK))


def never_fell(run: HealthRun) -> bool:
    """Returns whether the whole training, or a long one, did not lower the loss; it was seen from its start."""
    curve = loss_curve(run)
    fell = curve.fell >= NEVER_FELL + curve.doubt or fall_of_epochs(run) >= NEVER_FELL
    return run.loss_since == 0 and has_settled(run) and not fell


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
