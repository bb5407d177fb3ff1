"""The order in which a training takes its examples."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def shuffled(examples: int, size: int, random: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Yields the indices of batches without end, each example once before any comes again."""
    while True:
        order = random.permutation(examples)
        for first in range(0, examples - size + 1, size):
            yield order[first : first + size]
