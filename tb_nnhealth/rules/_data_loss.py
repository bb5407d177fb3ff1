"""The loss without regularization, and its share of what a constant answer would lose."""

import math

import numpy as np

from tb_nnhealth.numbers import number
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import MEAN_LOSS, curve
from tb_nnhealth.rules._loss import LossCurve, late_means, loss_curve
from tb_nnhealth.rules._rule import OnCurve
from tb_nnhealth.rules._series import Floats, late, median, of_present_loss
from tb_nnhealth.rules._told import taken_over
from tb_nnhealth.rules._trivial import compiled_losses, is_summed, is_weighted, over_trivial_by_output, trivial_loss

VALIDATIONS_ENOUGH = 3
"""Fewer validations may all come before anything was learnt."""


def end_of_data_loss(run: HealthRun, curve: LossCurve) -> float:
    """Returns the late loss without regularization where it was measured."""
    run = of_present_loss(run)
    measured = float(median(_late_data_losses(run)))
    if not math.isfinite(measured):
        return curve.end
    return curve.end - float(_regularization(run, curve.steps[-1:])[0]) if len(late_means(run)) else measured


def told_end_of_data_loss(run: HealthRun, curve: LossCurve) -> str:
    """Returns the late loss without regularization, with what it is taken over."""
    run = of_present_loss(run)
    losses = _late_data_losses(run)
    measured = losses[~np.isnan(losses)]
    over = curve.end_of
    if math.isfinite(median(losses)) and not len(late_means(run)):
        over = taken_over("last", len(measured), "sample")
    regularized = ", without regularization" if len(measured) and is_regularized(run) else ""
    return f"{number(end_of_data_loss(run, curve))} ({over}{regularized})"


def is_regularized(run: HealthRun) -> bool:
    """Returns whether a part of the loss was regularization at any sampled step."""
    return bool((run.step.highs("regularization_loss") > 0).any())


def _late_data_losses(run: HealthRun) -> Floats:
    losses: Floats = run.step.series("data_loss", "step")[late(run.step.steps)].astype(np.float64)
    return losses


def _regularization(run: HealthRun, steps: Floats) -> Floats:
    """Returns the regularization's part of the loss at some steps, 0 where it was not measured."""
    values = run.step.series("regularization_loss", "step").astype(np.float64)
    known = np.isfinite(values)
    return np.interp(steps, run.step.steps[known], values[known]) if known.any() else np.zeros(len(steps))


def share_left(run: HealthRun) -> float:
    """Returns the late loss without regularization ÷ what was there to lose: the trivial predictor's loss where the
    labels tell it, else that at the start; NaN where neither is above zero."""
    curve, trivial = loss_curve(run), trivial_loss(run)
    whole = trivial if math.isfinite(trivial) else curve.start
    return end_of_data_loss(run, curve) / whole if whole > 0 else math.nan


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


def against_trivial(run: HealthRun, limit: float) -> OnCurve:
    """Returns the late loss without regularization, and a share of the trivial predictor's as its limit."""
    curve = loss_curve(run)
    return OnCurve(_curve_of_end(run, curve), end_of_data_loss(run, curve), limit * trivial_loss(run))


def _curve_of_end(run: HealthRun, curve: LossCurve) -> str:
    """Returns the name of the curve that the late loss without regularization is read from."""
    by_epochs = len(late_means(run)) > 0
    if run.step.samples("data_loss") and (not by_epochs or is_regularized(run)):
        return "data_loss"
    return MEAN_LOSS if by_epochs else curve.name


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
