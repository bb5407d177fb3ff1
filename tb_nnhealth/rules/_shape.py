"""How far the distributions of kernels, or of their updates, are from bell-shaped."""

import numpy as np

from tb_nnhealth.records import HealthRun, IntArray, Variable
from tb_nnhealth.rules._rule import NotJudged
from tb_nnhealth.rules._series import Floats, Mask, kernels, median, rows_of

LEAST_WEIGHTS = 256
"""The kurtosis of fewer numbers says little."""

LEAST_PEERS = 2


def kurtoses(run: HealthRun, statistic: str, *windows: Mask | IntArray) -> tuple[tuple[Variable, ...], Floats]:
    """Returns the kernels of many weights, and for each the median of a kurtosis over a window of samples, the
    smallest of several.

    Raises:
      NotJudged: it was measured of too few kernels to compare them.
    """
    large = tuple(variable for variable in kernels(run) if variable.size >= LEAST_WEIGHTS)
    variables, rows = rows_of(run.variables, large)
    series = run.variables.series(statistic)
    values = np.min([median(series[window][:, rows], axis=0) for window in windows], axis=0)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= LEAST_PEERS:
        raise NotJudged(f"fewer than {LEAST_PEERS + 1} kernels of {LEAST_WEIGHTS} weights or more were measured")
    return tuple(variables[i] for i in known), values[known]


def outlier(values: Floats, kurtosis: float, peers: float) -> int | None:
    """Returns the index of the largest value, if it is above `kurtosis` and `peers` times the median of the others."""
    worst = int(np.argmax(values))
    usual = float(median(np.abs(np.delete(values, worst))))
    return worst if values[worst] > max(kurtosis, peers * usual) else None
