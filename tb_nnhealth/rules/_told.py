"""How messages tell what a number of theirs is."""

from tb_nnhealth.numbers import apart, number, percent, whole

WHOLE_NORMS = 10.0
"""From this many times a norm on, a change is no share of it."""

NO_NUMBER = 3e38
"""A loss of that and more stands for one that is not finite: a probe writes the largest float32 for it."""

SMALL = 1e-3
"""Below this, per cent are as hard to read as the number itself."""


def taken_over(which: str, count: int, point: str) -> str:
    """Returns what a median loss is taken over, in words.

    Args:
      which: "first" or "last".
      count: of how many points it is the median.
      point: "sample", whose loss is that of one batch, or "epoch", whose loss is a mean.
    """
    if point == "epoch":
        return f"mean of the {which} epoch" if count == 1 else f"median of the {which} {whole(count)} epochs' means"
    return f"{which} sample" if count == 1 else f"median of the {which} {whole(count)} samples"


def of_norm(ratio: float) -> str:
    """Returns a change relative to a variable's norm: a share of it in per cent, "2e16 times its norm" where that is
    no share, "4.2e-10 of its norm" where hardly anything changes."""
    if ratio >= WHOLE_NORMS:
        return f"{number(ratio)} times its norm"
    return f"{percent(ratio) if ratio >= SMALL else number(ratio)} of its norm"


def went(start: float, loss: float) -> str:
    """Returns what a loss did that has not fallen far."""
    first, last = apart(start, loss)
    if loss >= NO_NUMBER:
        return f"goes from {first} to no number"
    if first == last:
        return f"stays at {first}"
    return f"rises from {first} to {last}" if loss > start else f"falls from {first} to {last} only"
