"""The slope of a function of one number, from its values on both sides, and how much it is in doubt."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEPS = 10.0 ** -np.arange(2, 8)
"""From steps at which a smooth function's terms of fifth order show to those at which float64's rounding does."""


@dataclass(frozen=True)
class Slope:
    """`doubt` is how far estimates at other steps, or those of the two sides, lie apart, and what the rounding of the
    function's values makes in the smallest of these steps: about its error.

    It is infinite where there is no slope: no value is finite.
    """

    value: float
    doubt: float
    is_flat: bool = False
    """Whether the values at small steps are the same to the last bit."""


def slope(at: Callable[[float], float]) -> Slope:
    """Returns the slope at 0 of a function, from 13 values.

    Central differences at steps a decade apart, of which Richardson's extrapolation takes the error of second order;
    of three estimates in a row those that agree best count. A kink at 0 has two slopes, one for each side, whose
    difference does not vanish with the step: it is part of the doubt.

    Source: W. H. Press et al., Numerical Recipes, 5.7 (Ridders' method: extrapolate, and let the estimates tell
    their error); CS231n, gradient checks.
    """
    middle = at(0.0)
    above, below = (np.array([at(sign * step) for step in STEPS]) for sign in (1.0, -1.0))
    with np.errstate(invalid="ignore", over="ignore"):
        central = (above - below) / (2 * STEPS)
        apart = (above - 2 * middle + below) / STEPS
        extrapolated = (100 * central[1:] - central[:-1]) / 99
        kink = np.abs(10 * apart[1:] - apart[:-1]) / 9
        rounding = np.finfo(np.float64).eps * abs(middle) / STEPS[1:]
    best = Slope(float("nan"), float("inf"))
    for last in range(2, len(extrapolated)):
        three = extrapolated[last - 2 : last + 1]
        doubt = float(np.ptp(three) + min(kink[last - 1 : last + 1]) + rounding[last])
        if np.isfinite(three).all() and doubt < best.doubt:
            best = Slope(float(np.median(three)), doubt)
    is_flat = bool((above[-3:] == middle).all() and (below[-3:] == middle).all())
    return Slope(best.value, best.doubt, is_flat)
