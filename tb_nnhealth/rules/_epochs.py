"""What rules ask of Keras' logs at the epochs' ends."""

import math
from itertools import pairwise

import numpy as np

from tb_nnhealth.missing import few_here
from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._once import once
from tb_nnhealth.rules._rule import NotJudged
from tb_nnhealth.rules._series import Floats, median

LOSSES = ("loss", "val_loss")

MEAN_LOSS = "epoch/loss"
"""The curve of the epochs' mean losses, as a finding names it (`OnCurve`)."""

SUM = 0.01
"""Share by which a mean loss may differ from the sum of its parts' means."""

ADVERSARIES = "the loss is one of several of a training step of your own, which may work against each other"


def steps_per_epoch(run: HealthRun) -> int | None:
    """Returns how many steps an epoch has: as planned, else the median of those that ended; None where neither tells.

    Of those that ended count the epochs that follow the one before by number, and the first of a fit that began with
    the losses in force: of others the beginning is not known.
    """
    planned = run.model.plan.get("steps_per_epoch")
    if planned:
        return planned
    ended = [(-1, run.loss_since), *((epoch.epoch, epoch.step) for epoch in run.epochs if epoch.step > run.loss_since)]
    lengths = [end - begin for (before, begin), (number, end) in pairwise(ended) if number == before + 1]
    return round(float(median(lengths))) or None if lengths else None


@once
def curve(run: HealthRun, name: str) -> tuple[Floats, Floats]:
    """Returns the last steps of the epochs that have a log, and its finite values: of a loss none that are all zero,
    which Keras logs where a step of the user's own does not keep its mean.

    Raises:
      NotJudged: few of the run's samples are here, and as few of its epochs perhaps.
    """
    if few := few_here(run):
        raise NotJudged(few)
    points = [(epoch.step - 1, epoch.logs.get(name)) for epoch in run.epochs]
    kept = [(step, value) for step, value in points if value is not None and math.isfinite(value)]
    if name in LOSSES and not any(value for _, value in kept) and np.nan_to_num(run.step.series("loss")).any():
        kept = []
    return np.array([step for step, _ in kept], float), np.array([value for _, value in kept], float)


def may_have_adversaries(run: HealthRun) -> bool:
    """Returns whether a step without a compiled loss logs other losses that the loss is not the sum of, or has not
    logged any yet."""
    if run.model.compile.get("losses"):
        return False
    if not run.epochs:
        return not run.finished
    logs = {name: value for name, value in run.epochs[-1].logs.items() if value is not None and name[:4] != "val_"}
    others = [value for name, value in logs.items() if name.endswith("loss") and name != "loss"]
    return bool(others) and not math.isclose(sum(others), logs.get("loss", math.nan), rel_tol=SUM)


def smoothed(values: Floats) -> Floats:
    """Returns the running medians of three; the ends' of two."""
    return np.array([np.median(values[max(0, i - 1) : i + 2]) for i in range(len(values))], float)
