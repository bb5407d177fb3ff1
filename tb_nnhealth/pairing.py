"""Which prediction each target is for."""

from collections.abc import Sequence


def paired(targets: Sequence[str], predictions: Sequence[str]) -> dict[str, str]:
    """Returns the name of each target's prediction: the same name where all targets have one, else that in its place
    where there are as many of both; a target without one is left out."""
    if set(targets) <= set(predictions):
        return {name: name for name in targets}
    return dict(zip(targets, predictions, strict=True)) if len(targets) == len(predictions) else {}
