"""Whether examples come in an order: how often neighbours, and those of one batch, go together."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.flight.examples.rows import Floats

SHUFFLES = 1999
"""Of a permutation test: its smallest p is 1 / 2000."""

Classes = NDArray[np.int64]


@dataclass(frozen=True)
class ClassAgreement:
    """How often pairs of examples agree.

    `observed` and `expected` are the shares of pairs of one class, as they are and when shuffled; `p` is how often
    shuffled examples agree as often.
    """

    observed: float
    expected: float
    p: float

    @property
    def excess(self) -> float:
        """What the pairs agree more than shuffled ones, as a share of what they could: 1 where all agree, about 0
        when shuffled (Cohen's kappa)."""
        return (self.observed - self.expected) / (1 - self.expected) if self.expected < 1 else 0.0


def of_neighbours(classes: Classes, random: np.random.Generator, shuffles: int = SHUFFLES) -> ClassAgreement:
    """Returns how often an example has the class of the one before it."""
    return _agreement(classes, lambda order: float((order[1:] == order[:-1]).mean()), random, shuffles)


def of_batches(classes: Classes, size: int, random: np.random.Generator, shuffles: int = SHUFFLES) -> ClassAgreement:
    """Returns how often two examples of one batch have one class. Examples after the last full batch are left out."""
    kept, kinds = classes[: len(classes) // size * size], int(classes.max()) + 1
    batch = np.repeat(np.arange(len(kept) // size), size)

    def agree(order: Classes) -> float:
        counts = np.bincount(batch * kinds + order, minlength=len(kept) // size * kinds).astype(np.float64)
        return float((counts * (counts - 1)).sum() / (len(kept) * (size - 1)))

    return _agreement(kept, agree, random, shuffles)


def _agreement(
    classes: Classes, agree: Callable[[Classes], float], random: np.random.Generator, shuffles: int
) -> ClassAgreement:
    observed = agree(classes)
    counts = np.bincount(classes).astype(np.float64)
    expected = float((counts * (counts - 1)).sum() / (len(classes) * (len(classes) - 1)))
    as_high = sum(agree(random.permutation(classes)) >= observed - 1e-12 for _ in range(shuffles))
    return ClassAgreement(observed, expected, (1 + as_high) / (1 + shuffles))


def single_batches(classes: Classes, size: int) -> float:
    """Returns the share of the full batches that hold one class."""
    batches = classes[: len(classes) // size * size].reshape(-1, size)
    return float((batches == batches[:, :1]).all(axis=1).mean())


def of_numbers(values: Floats, random: np.random.Generator, shuffles: int = SHUFFLES) -> tuple[float, float]:
    """Returns the correlation of the ranks of neighbours, and how often shuffled ones have as high a one.

    It is 1 − von Neumann's ratio ÷ 2 of the ranks (Bartels 1982): about 0 when shuffled, about 1 when sorted.
    """
    ranks = np.unique(values, return_inverse=True)[1].astype(np.float64)
    ranks -= ranks.mean()
    total = float((ranks**2).sum())
    observed = 1 - float((np.diff(ranks) ** 2).sum()) / (2 * total)
    as_high = 0
    for _ in range(shuffles):
        mixed = random.permutation(ranks)
        as_high += 1 - float((np.diff(mixed) ** 2).sum()) / (2 * total) >= observed - 1e-12
    return observed, (1 + as_high) / (1 + shuffles)


def one_way(values: Floats) -> float:
    """Returns the share of the changes from one number to the next that go the more frequent way: 1 when sorted, about
    a half when shuffled, or in a series that goes up and down."""
    changes = np.sign(np.diff(values))
    ups, downs = int((changes > 0).sum()), int((changes < 0).sum())
    return max(ups, downs) / (ups + downs) if ups + downs else 0.0
