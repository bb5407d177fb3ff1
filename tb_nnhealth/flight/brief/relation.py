"""Whether what few examples show could be chance: tests that hold at any number of them.

Those of a relation are permutation tests: their false alarms are at most as frequent as the level asked for, whatever
the distribution of losses is, and however a model came about, as long as the examples judged took no part in its
training. That of a better answer, `better`, is set for a level, and holds it about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PERMUTATIONS = 3999

DEPENDENCE_PERMUTATIONS = 999

AT_A_TIME = 8
"""Permutations that are multiplied together: each alone is too narrow for a fast product."""

DIRECTIONS = 128
"""So many random waves stand for a kernel."""


@dataclass(frozen=True)
class Relation:
    """How far answers fit their own examples' targets better than other examples'.

    `p` is the share of permuted targets that they fit as well, and `z` how many standard deviations of chance they fit
    their own better by; of one number an example it is the correlation times √(n − 1).
    """

    p: float
    z: float


def relation(losses: Floats, random: np.random.Generator) -> Relation:
    """Returns the relation of answers to targets, one-sided: answers worse than chance are not related.

    The test is conditional on the answers, so that it holds for one training, too: were the targets unrelated to the
    inputs, each order of them would be as likely. Double centring takes away what single answers or targets cost
    whatever they are paired with: a wrong bias or scale does not hide a relation, nor feign one.

    Args:
      losses: `[n, n]`, the loss of each example's answer (row) with each example's target (column).

    Source: Fisher, The design of experiments, 1935; the variance: Hoeffding, A combinatorial central limit theorem,
    Annals of Mathematical Statistics 22, 1951.
    """
    n = len(losses)
    gain = -(losses - losses.mean(axis=0) - losses.mean(axis=1, keepdims=True) + losses.mean())
    spread = float(np.sqrt((gain**2).sum() / max(1, n - 1)))
    if n < 2 or not np.isfinite(spread) or spread <= 1e-9 * max(float(np.abs(losses).sum()), 1e-300):
        return Relation(1.0, 0.0)
    own = float(np.trace(gain))
    orders = random.permuted(np.broadcast_to(np.arange(n), (PERMUTATIONS, n)), axis=1)
    others = gain[np.arange(n), orders].sum(axis=1)
    return Relation(_share(others >= own - 1e-9 * abs(own)), own / spread)


def dependence(inputs: Floats, targets: Floats, random: np.random.Generator) -> Relation:
    """Returns the relation of inputs `[n, features]` and targets `[n, outputs]` of any form, whoever were to learn it.

    Permutes the targets as `relation` does, with a Gaussian kernel on the inputs in the place of answers. That needs no
    training, so that all examples are judged.

    Source: Gretton et al., Measuring statistical dependence with Hilbert-Schmidt norms, 2005.
    """
    waves = random_waves(inputs, DIRECTIONS, random)(inputs)
    if not inputs.shape[1] or not targets.shape[1]:
        return Relation(1.0, 0.0)
    main = waves - waves.mean(axis=0)
    centred = targets - targets.mean(axis=0)
    own = float(((main.T @ centred) ** 2).sum())
    others = np.concatenate([_fits(main, centred, orders) for orders in _orders(len(main), random)])
    return Relation(_share(others >= own * (1 - 1e-9)), float((own - others.mean()) / max(others.std(), 1e-300)))


def _orders(n: int, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yields permutations `[n, AT_A_TIME]` of the numbers below `n`, the last ones fewer."""
    for done in range(0, DEPENDENCE_PERMUTATIONS, AT_A_TIME):
        count = min(AT_A_TIME, DEPENDENCE_PERMUTATIONS - done)
        yield np.stack([random.permutation(n) for _ in range(count)], axis=1)


def _fits(main: Floats, centred: Floats, orders: NDArray[np.int64]) -> Floats:
    """Returns how well inputs fit the targets in each of some orders `[n, orders]`."""
    products = main.T @ centred[orders].reshape(len(main), -1)
    fits: Floats = (products**2).reshape(len(products), orders.shape[1], -1).sum(axis=(0, 2))
    return fits


def random_waves(inputs: Floats, count: int, random: np.random.Generator) -> Callable[[Floats], Floats]:
    """Returns what gives inputs `[n, features]` coordinates `[n, count]` whose products are a Gaussian kernel's values,
    about; it is as wide as the inputs are apart.

    Source: Rahimi and Recht, Random features for large-scale kernel machines, 2007.
    """
    some = inputs[:200]
    squares = ((some[:, None] - some[None]) ** 2).sum(axis=2)
    apart = float(np.median(squares[squares > 0])) if (squares > 0).any() else 1.0
    directions = random.standard_normal((inputs.shape[1], count)) * np.sqrt(2 / apart)
    phases = random.uniform(0, 2 * np.pi, count)
    return lambda other: np.cos(other @ directions + phases) * np.sqrt(2 / count)


def better(gains: Floats, random: np.random.Generator) -> float:
    """Returns the p-value of "no better on the mean": the higher one of two tests.

    One throws each gain's sign by a coin: it is exact at any number of examples, where gains as high and as low are as
    likely. The other one holds about also where they are skewed, as few large losses make them: that of the mean as a
    share of its deviation, corrected for the skewness. What no example shows, a loss that is rarer than one in as many,
    neither can count. docs/calibration.md tells their error rates.

    Args:
      gains: `[n]`, the loss of one answer minus that of another, of each example. Where they are all the same, or not
        finite, the p-value is 1: what chance does to them is not known.

    Source: Pitman, Significance tests which may be applied to samples from any populations, 1937; Hall, On the removal
    of skewness by transformation, Journal of the Royal Statistical Society B 54, 1992.
    """
    if not len(gains) or not np.isfinite(gains).all() or np.ptp(gains) <= 1e-9 * np.abs(gains).max():
        return 1.0
    signs = random.integers(0, 2, (PERMUTATIONS, len(gains)), np.int8) * 2 - 1
    own = float(gains.sum())
    return max(_share(signs @ gains >= own - 1e-9 * abs(own)), _without_skewness(gains))


def _without_skewness(gains: Floats) -> float:
    """Returns the p-value of the mean by Hall's cubic transformation, which grows with it."""
    mean, deviation = float(gains.mean()), float(gains.std())
    skewness = float((((gains - mean) / deviation) ** 3).mean())
    share = mean / deviation
    corrected = share + skewness * share**2 / 3 + skewness**2 * share**3 / 27 + skewness / (6 * len(gains))
    return 1 - NormalDist().cdf(float(np.sqrt(len(gains))) * corrected)


def detectable(examples: int, level: float, power: float = 0.9) -> float:
    """Returns the correlation of answers and targets that the test finds with this power, by the normal approximation.

    Args:
      level: the p-value from which on a relation counts as found.
    """
    return float(min(1.0, (_quantile(1 - level) + _quantile(power)) / np.sqrt(max(2, examples) - 1)))


def _share(is_as_high: Any) -> float:
    """Returns the p-value of one order among the permuted ones, itself counted."""
    return float((1 + np.count_nonzero(is_as_high)) / (1 + len(is_as_high)))


def _quantile(share: float) -> float:
    """Returns the standard normal distribution's quantile."""
    return NormalDist().inv_cdf(share)
