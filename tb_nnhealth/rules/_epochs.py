"""What rules ask of Keras' logs at the epochs' ends."""

import math

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._series import Floats


def curve(run: HealthRun, name: str) -> tuple[Floats, Floats]:
    """Returns the steps at which a log was taken, and its finite values."""
    points = [(epoch.step, epoch.logs.get(name)) for epoch in run.epochs]
    kept = [(step, value) for step, value in points if value is not None and math.isfinite(value)]
    return np.array([step for step, _ in kept], float), np.array([value for _, value in kept], float)


def smoothed(values: Floats) -> Floats:
    """Returns the running medians of three; the ends' of two."""
    return np.array([np.median(values[max(0, i - 1) : i + 2]) for i in range(len(values))], float)
