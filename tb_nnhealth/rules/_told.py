"""How messages tell what a number of theirs is."""

from tb_nnhealth.numbers import whole


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
