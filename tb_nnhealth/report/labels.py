"""Short names of rows, each told apart from the others."""

from collections.abc import Sequence

LENGTHS = (22, 32, 48)
"""Letters of a label; more of them only where two would read the same."""


def labels_of(names: Sequence[str]) -> list[str]:
    """Returns the names without what all begin with, and without "kernel" where that is the last part: shortened in
    their middle."""
    paths = [name.removesuffix("/kernel").split("/") for name in names]
    own = ["/".join(parts[_shared(paths) :]) for parts in paths]
    tries = [[shortened(name, most) for name in own] for most in LENGTHS]
    apart = len(set(own))
    return next((labels for labels in tries if len(set(labels)) == apart), tries[-1])


def shortened(text: str, most: int) -> str:
    """Returns a name of so many letters at most: its beginning and its end tell it from others."""
    if len(text) <= most:
        return text
    end = most // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"


def _shared(paths: Sequence[Sequence[str]]) -> int:
    """Returns how many parts all begin with; each keeps its last."""
    most = min((len(parts) - 1 for parts in paths), default=0)
    return next((count for count in range(most) if len({parts[count] for parts in paths}) > 1), most)
