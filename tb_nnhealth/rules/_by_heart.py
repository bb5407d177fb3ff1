"""What the answers to a few examples show beside their loss, where a model was trained to learn them by heart."""

import math
from collections.abc import Iterator

from tb_nnhealth.numbers import number, plural
from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import records_of, text_of, value_of
from tb_nnhealth.rules._rule import Finding, Limits, Severity

NAME = "overfit-tiny-batch"


def of_upside_down(found: Probed) -> Iterator[Finding]:
    """Yields the outputs whose answers a falling loss drives away from the targets."""
    initial, loss = value_of(found, "initial"), value_of(found, "loss")
    if not (value_of(found, "upside_down") == 1 and loss < initial):
        return
    for output in records_of(found, "outputs"):
        at_first, distance = value_of(output, "distance_at_first"), value_of(output, "distance")
        if not distance > at_first:
            continue
        told = (
            f"On {plural(value_of(found, 'examples'), 'example')} the loss fell from {number(initial)} to "
            f"{number(loss)} while the answers moved away from their targets, from {number(at_first)} to "
            f"{number(distance)} on average: look at the sign of the loss first."
        )
        yield finding("error", told, distance, at_first, "distance", f"prediction/{text_of(output, 'name')}")


def of_answers(found: Probed, limits: Limits) -> Iterator[Finding]:
    """Yields the outputs that answer all examples alike though the loss tells of learning by heart."""
    if not is_learnt(found, limits):
        return
    for output in records_of(found, "outputs"):
        apart = value_of(output, "apart")
        if not apart <= limits["apart"]:
            continue
        told = (
            f"The loss says that {plural(value_of(found, 'examples'), 'example')} are learnt by heart, but the "
            "answers to all of them are the same, though their targets differ."
        )
        yield finding("error", told, apart, limits["apart"], "ratio", f"prediction/{text_of(output, 'name')}")


def is_learnt(found: Probed, limits: Limits) -> bool:
    """Returns whether next to nothing is left to learn; of the first loss where it is not known what there is."""
    left, initial, loss = (value_of(found, name) for name in ("left", "initial", "loss"))
    return left <= limits["left"] if math.isfinite(left) else initial > 0 and loss <= limits["left"] * initial


def finding(
    severity: Severity, message: str, observed: float, limit: float, unit: str, tensor: str | None = None
) -> Finding:
    return Finding(NAME, severity, message, tensor=tensor, observed=observed, limit=limit, unit=unit)
