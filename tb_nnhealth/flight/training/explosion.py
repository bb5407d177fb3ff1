"""Where a loss explodes while the learning rate is raised."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BETA = 0.9
"""Of the moving average: ten steps, less than a factor of ten in the rate."""

STARTING = 10
"""Steps of rates at which nothing is learnt yet: their mean is where the loss starts, their spread its noise."""

CYCLE = STARTING
"""After so many steps the batches come again, so that each is compared with itself at the start."""

NOISES = 3.0
"""A loss that many standard deviations above the start is no longer one of its batches."""

CERTAIN = 1.25
"""A smoothed loss that many standard deviations of single ones below the start is so by chance in 1 of 100 runs."""

MEDIAN = 1.4826
"""The standard deviation of a normal distribution by the median of absolute values."""

LASTING = 5
"""Of so many steps in a row half are as high: one bad batch is no explosion."""

SLACK = 1e-5
"""Share of a loss that rounding may take off it."""

FAR = 4.0
"""A loss this many times as far above the start as it was below, or as large, needs no further steps."""


def smoothed(losses: Floats) -> Floats:
    """Returns the exponential moving average of losses `[n]`, corrected for its beginning at zero; what is not finite
    stays so."""
    average, found = 0.0, np.empty(len(losses))
    for index, loss in enumerate(losses.tolist()):
        average = BETA * average + (1 - BETA) * loss
        found[index] = average / (1 - BETA ** (index + 1))
    return found


def start_of(losses: Floats) -> tuple[float, float]:
    """Returns where the losses start, and the standard deviation of their noise there."""
    first = losses[:STARTING]
    first = first[np.isfinite(first)]
    if not len(first):
        return float("nan"), float("nan")
    return float(first.mean()), float(first.std(ddof=1)) if len(first) > 1 else 0.0


def has_exploded(losses: Floats) -> bool:
    """Returns whether no further step is needed to see that the loss explodes."""
    if not len(losses) or not np.isfinite(losses[-1]):
        return bool(len(losses))
    start, noise = start_of(losses)
    late = float(np.median(losses[-LASTING:]))
    return len(losses) > STARTING and late > start + FAR * max(abs(start), noise, start - float(np.nanmin(losses)))


def learns(losses: Floats) -> bool:
    """Returns whether the smoothed loss comes below its start by more than its noise makes it; what differs from batch
    to batch from the start is no noise."""
    level = levelled(losses)
    if not np.isfinite(level[0]):
        return False
    fall = float(level[0] - np.nanmin(smoothed(level)[CYCLE:], initial=level[0]))
    return fall > max(CERTAIN * _noise(level[CYCLE : 3 * CYCLE]), SLACK * abs(float(level[0])))


def levelled(losses: Floats) -> Floats:
    """Returns the losses `[n]` less what each batch's was above the mean of all batches at the start."""
    first = losses[:CYCLE]
    return losses - np.resize(first - first.mean(), len(losses))


def _noise(losses: Floats) -> float:
    """Returns the standard deviation of losses about a trend, by the median of their differences."""
    return float(MEDIAN * np.median(np.abs(np.diff(losses)))) / 2**0.5 if len(losses) > 1 else 0.0


def explosion_of(rates: Floats, losses: Floats) -> float:
    """Returns the rate at which the loss explodes, infinite where it does not.

    From there on a loss is several times as far above its start as it had come below it, or as its noise goes; or it
    stays as far above it; or, of a loss that cannot rise so far, it stays above its start.
    """
    start, noise = start_of(losses)
    lowest = float(np.nanmin(smoothed(losses)))
    far = max(start - lowest, NOISES * noise)
    found = [
        *_above(losses, start + FAR * far, stays=False),
        *_above(losses, start + far, stays=True),
    ] or _above(losses, start + NOISES * noise, stays=True)
    return float(rates[min(found)]) if found else float("inf")


def _above(losses: Floats, level: float, stays: bool) -> list[int]:
    """Returns the first step from which on most of some losses are above a level, however few of them are looked at,
    and if it `stays`, most of all; what is no number is so from there on."""
    high = ~(losses <= level)
    for index in np.flatnonzero(high).tolist():
        if not np.isfinite(losses[index]):
            return [index]
        begins = len(losses) > index + 1 and high[index + 1]
        if begins and high[index : index + LASTING].mean() > 0.5 and (not stays or high[index:].mean() > 0.5):
            return [index]
    return []
