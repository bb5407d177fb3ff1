"""A gradient compared with finite differences, as the probe `gradient-check` recorded it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tb_nnhealth.numbers import number
from tb_nnhealth.records import Probed
from tb_nnhealth.rules._probe import text_of, value_of
from tb_nnhealth.rules._rule import Limits

MOST_OF_DOUBT = 10
"""An error counts that is so many times that of the finite differences."""


BANDS = (
    (1e-2, "above 1e-2 it is probably wrong"),
    (1e-4, "between 1e-4 and 1e-2 it should make you feel uncomfortable"),
    (-math.inf, "up to 1e-4 it is okay with kinks only, and none was met"),
)
"""What CS231n says of relative errors above a bound, the largest first."""

ADDED = {
    "added": "the loss that is added by ",
    "activity": "the activity regularizer of ",
    "regularizer": "the regularizer of ",
}
"""Terms of the loss that belong to a layer or a variable, by their kind."""


@dataclass(frozen=True)
class Comparison:
    """One comparison as the probe recorded it."""

    kind: str
    name: str
    class_name: str
    by: str
    error: float
    doubt: float
    held: float
    is_blocked: bool
    is_stepped: bool
    is_nonfinite: bool
    is_identity: bool
    hides_held: bool
    jumps: bool
    has_kinks: bool
    operations: str

    def limit(self, limits: Limits) -> float:
        return limits["kinks" if self.has_kinks else "smooth"]

    def is_off(self, limits: Limits) -> bool:
        is_off = self.error > max(self.limit(limits), MOST_OF_DOUBT * self.doubt)
        return self.is_nonfinite or (is_off and not self.is_blocked)

    def purpose(self, limits: Limits) -> str:
        """Returns for what it may be off on purpose, empty for nothing known."""
        if self.is_nonfinite:
            return ""
        if self.is_stepped:
            return "it lets a gradient through a step function, which has none"
        if self.is_identity:
            return "its outputs are its inputs, and only the gradient is another"
        if self.held <= self.limit(limits):
            return "with what `stop_gradient` holds left as it is, they agree"
        if self.hides_held:
            return "what `stop_gradient` holds in a loop or a branch may be the reason"
        if self.jumps:
            return "it rounds on the way forward, and a gradient comes through all the same"
        return ""

    @property
    def band(self) -> str:
        """What CS231n says of an error that is off."""
        return next(told for bound, told in BANDS if self.error > bound)

    @property
    def layer(self) -> str | None:
        """The layer that it is a part of."""
        return self.name if self.kind in ("layer", "added", "activity") else None

    @property
    def place(self) -> str:
        if self.kind == "loss":
            return f"the loss `{self.name}`"
        return f"{ADDED.get(self.kind, '')}{self.name} ({self.class_name})"

    @property
    def having(self) -> str:
        """What of its operations is told behind it: those that have another gradient, or none."""
        return f" (it has {self.operations})" if self.operations and self.kind != "model" else ""

    def told(self, purpose: str) -> str:
        """Returns a sentence on how it is off, and for what purpose, if it has one."""
        by = f" by {self.by}" if self.by not in ("", self.name) else ""
        gradient = f"The gradient of {self.place}{by}{self.having}"
        if self.is_nonfinite:
            return f"{gradient} is NaN or infinite where what it computes is finite, as that of a square root of 0 is."
        if purpose and self.jumps:
            return (
                f"{gradient} cannot be checked by finite differences: it rounds on the way forward, and a gradient "
                "comes through all the same, as by straight-through estimators."
            )
        ending = f": on purpose? {purpose.capitalize()}" if purpose else ""
        return (
            f"{gradient} differs from finite differences by {number(self.error)} of its size (CS231n: {self.band}); "
            f"they are exact to {number(self.doubt, 2)} of it{ending}."
        )


def innermost(checks: Sequence[Comparison]) -> list[Comparison]:
    """Returns those in no part that holds another of them: what is wrong in a layer is so in the one around it."""
    names = {each.name for each in checks if each.kind != "regularizer"}
    return [each for each in checks if not any(name.startswith(f"{each.name}/") for name in names)]


def _worded(operation: str) -> str:
    known = {"custom_gradient": "a custom_gradient", "StopGradient": "a stop_gradient"}
    return known.get(operation, operation.replace("Cast to ", "a cast to "))


def compared(record: Probed) -> Comparison:
    """Returns a comparison as the probe recorded it; what has another form is as if it had not been measured."""
    operations = record.values.get("operations")
    return Comparison(
        text_of(record, "kind"),
        text_of(record, "name"),
        text_of(record, "class_name"),
        text_of(record, "by"),
        value_of(record, "error"),
        value_of(record, "doubt"),
        value_of(record, "held"),
        value_of(record, "is_blocked") == 1,
        value_of(record, "is_stepped") == 1,
        value_of(record, "is_nonfinite") == 1,
        value_of(record, "is_identity") == 1,
        value_of(record, "hides_held") == 1,
        value_of(record, "jumps") == 1,
        value_of(record, "dropped") > 0,
        ", ".join(_worded(str(each)) for each in operations) if isinstance(operations, list) else "",
    )
