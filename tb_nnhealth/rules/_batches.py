"""What the numbers of the sampled batches show of an input together."""

import numpy as np

from tb_nnhealth.records import HealthRun
from tb_nnhealth.rules._epochs import steps_per_epoch
from tb_nnhealth.rules._series import Mask

BETWEEN = 0.99
"""Variance ÷ mean (1 - mean), which is 1 for zeros and ones but for rounding, and less for numbers between them."""

FINGERPRINT = ("data_mean", "data_std", "data_min", "data_max", "data_zero_fraction")


def fractional_ids(run: HealthRun, row: str) -> Mask:
    """Returns at which samples an input that goes straight into an `Embedding` held a number that is not whole: an
    extreme, or one between zeros and ones, whose variance is below mean (1 - mean), that of zeros and ones alone."""
    looked_up = any(layer.class_name == "Embedding" and layer.inputs == (row,) for layer in run.model.layers)
    low, high, mean, std = (run.data.series(name, row) for name in ("data_min", "data_max", "data_mean", "data_std"))
    extremes = np.stack([low, high])
    fractional = (np.isfinite(extremes) & (extremes != np.round(extremes))).any(axis=0)
    between = (low == 0) & (high == 1) & (std**2 < BETWEEN * mean * (1 - mean))
    cut: Mask = (fractional | between) & looked_up
    return cut


def repeated_batches(run: HealthRun, row: str, least: float) -> int:
    """Returns how many batches were seen where they are all the same and an epoch has several, else 0.

    The same places of each epoch may hold the same batches: the samples must have met several places.
    """
    an_epoch = steps_per_epoch(run) or 1
    series = np.stack([run.data.series(name, row) for name in FINGERPRINT])
    measured = ~np.isnan(series).any(axis=0)
    places = np.unique(run.data.steps[measured] % an_epoch)
    if an_epoch == 1 or len(places) < min(an_epoch, least):
        return 0
    seen = series[:, measured]
    return seen.shape[1] if seen.shape[1] > 1 and np.ptp(seen, axis=1).max() == 0 else 0
