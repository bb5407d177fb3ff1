"""How two sets of examples differ: effects in the units of the first one, and what chance makes of them."""

from dataclasses import dataclass

import numpy as np

from tb_nnhealth.flight.examples.rows import Array, Floats, rows_of

PERMUTATIONS = 1999
"""The smallest p is 1 / 2000."""

AT_ONCE = 200
"""Permutations that are computed together."""

MOST_COLUMNS = 256
"""Columns that are compared; of more, so many at random."""

MOST_CHANNELS = 64
"""A last axis of more is taken for one channel."""


@dataclass(frozen=True)
class Shift:
    """How the second set differs from the first, for each column that was compared, `[c]` each.

    `columns` are their indices; `center` and `width` those of the first; `factor` is the width of the second ÷ that of
    the first, NaN where one has none; `shift` the difference of the means in widths of the first; `p` how often chance
    makes any column differ as much.
    """

    columns: Array
    center: Floats
    factor: Floats
    shift: Floats
    width: Floats
    p: Floats


def compared(ours: Array, theirs: Array, random: np.random.Generator) -> Shift:
    """Returns how the examples of an input `[m, …]` differ from ours `[n, …]`.

    Columns are those of rows of numbers; of pictures and series the channels, the last axis.
    """
    if ours.ndim <= 2:
        columns = np.sort(random.permutation(int(np.prod(ours.shape[1:])))[:MOST_COLUMNS])
        one, other = rows_of(ours)[:, columns], rows_of(theirs)[:, columns]
        middle = np.median(np.concatenate([one, other]), axis=0)
        summaries = [np.concatenate([side, np.abs(side - middle)], axis=1) for side in (one, other)]
        centers, widths = [side.mean(axis=0) for side in (one, other)], [_width(side) for side in (one, other)]
    else:
        means, squares = zip(*map(channel_moments, (ours, theirs)), strict=True)
        columns = np.arange(means[0].shape[1])
        deviations = [np.sqrt(np.maximum(0.0, s - m**2)) for m, s in zip(means, squares, strict=True)]
        summaries = [np.concatenate(pair, axis=1) for pair in zip(means, deviations, strict=True)]
        centers = [side.mean(axis=0) for side in means]
        widths = [np.sqrt(np.maximum(0.0, s.mean(axis=0) - c**2)) for s, c in zip(squares, centers, strict=True)]
    p = p_values(summaries[0], summaries[1], random).reshape(2, -1).min(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where((widths[0] > 0) & (widths[1] > 0), widths[1] / widths[0], np.nan)
        shift = np.where(widths[0] > 0, (centers[1] - centers[0]) / widths[0], np.nan)
    return Shift(columns, centers[0], factor, shift, widths[0], p)


def channel_moments(array: Array) -> tuple[Floats, Floats]:
    """Returns the mean and the mean square of each channel of each example `[n, …, channels]`, `[n, channels]` each."""
    channels = array.shape[-1] if array.shape[-1] <= MOST_CHANNELS else 1
    moments = [(rows.mean(axis=0), (rows**2).mean(axis=0)) for rows in (_places(each, channels) for each in array)]
    return np.stack([mean for mean, _ in moments]), np.stack([square for _, square in moments])


def _places(example: Array, channels: int) -> Floats:
    return rows_of(example[None]).reshape(-1, channels)


def _width(rows: Floats) -> Floats:
    """Returns how wide the values of each column spread, `[c]`, in standard deviations of a normal distribution: from
    the 5th to the 95th percentile, or all of them where these are the same."""
    low, high = np.percentile(rows, (5, 95), axis=0)
    deviations: Floats = rows.std(axis=0)
    return np.where(high > low, (high - low) / 3.29, deviations)


def p_values(ours: Floats, theirs: Floats, random: np.random.Generator) -> Floats:
    """Returns for each column how often mixing the examples makes any column differ as much, `[c]`.

    Wilcoxon's rank sums, whose largest is compared (Westfall and Young 1993): so that of all columns together a false
    alarm at p is as rare as p.
    """
    both = np.concatenate([ours, theirs])
    ranks = np.stack([_ranks(column) for column in both.T], axis=1)
    ranks -= ranks.mean(axis=0)
    deviations = ranks.std(axis=0)
    ranks = (ranks / np.where(deviations > 0, deviations, 1.0)).astype(np.float32)
    observed = np.abs(ranks[len(ours) :].sum(axis=0))
    as_high = np.zeros(len(observed))
    is_theirs = (np.arange(len(both)) >= len(ours)).astype(np.float32)
    for start in range(0, PERMUTATIONS, AT_ONCE):
        times = min(AT_ONCE, PERMUTATIONS - start)
        drawn = random.permuted(np.tile(is_theirs, (times, 1)), axis=1)
        highest = np.abs(drawn @ ranks).max(axis=1, initial=0.0)
        as_high += (highest[:, None] >= observed - 1e-3).sum(axis=0)
    p: Floats = (1 + as_high) / (1 + PERMUTATIONS)
    return p


def _ranks(column: Floats) -> Floats:
    """Returns the ranks of values, the mean of their ranks for the same ones."""
    _, where, counts = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[where]
    return ranks


def p_of_shares(ours: Array, theirs: Array, random: np.random.Generator) -> tuple[float, float]:
    """Returns how far the shares of classes differ (half of the sum of the differences: 0 same, 1 apart), and how often
    mixing the examples makes them differ as much."""
    both = np.concatenate([ours, theirs])
    kinds = int(both.max()) + 1
    total = np.bincount(both, minlength=kinds) / len(both)

    def apart(held: Array) -> float:
        counts = np.bincount(held, minlength=kinds)
        return float(((counts - total * len(held)) ** 2 / np.maximum(total, 1e-12)).sum())

    observed = apart(theirs)
    as_high = sum(apart(random.permutation(both)[: len(theirs)]) >= observed - 1e-9 for _ in range(PERMUTATIONS))
    shares = [np.bincount(side, minlength=kinds) / len(side) for side in (ours, theirs)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2), (1 + as_high) / (1 + PERMUTATIONS)


def p_unseen(share: Floats, examples: int, kinds: int) -> Floats:
    """Returns how often a class of this share is not among so many examples by chance, for any of `kinds` classes."""
    p: Floats = np.minimum(1.0, kinds * (1 - share) ** examples)
    return p
