"""What a rule is: its record, its findings, and the prose that its module's docstring holds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")

CATEGORIES = ("numerics", "definition", "data", "weights", "activations", "gradients", "updates", "loss", "preflight")
"""In report order, which is that of cause and effect: what is given, forward, backward, the step, the result; then the
experiments that a preflight makes."""

PREFLIGHT = CATEGORIES[-1]
"""That of the probes' rules: a run without a preflight was asked for no such experiment, and has no such category."""

HEADINGS = (
    "What it detects",
    "Why it matters",
    "How it is decided",
    "When it is wrong",
    "What to try",
    "References",
)

Limits = Mapping[str, float]


class NotJudged(Exception):
    """Raised by a rule that finds nothing in the run to judge; its text is the reason."""


@dataclass(frozen=True)
class Threshold:
    """A sourced default: its name among the rule's limits, its value and unit, and where it comes from."""

    name: str
    value: float
    unit: str
    source: str


@dataclass(frozen=True)
class OnCurve:
    """A finding's evidence as values of a curve over the steps, where its number is a ratio, a share or a sum.

    `curve` is a statistic, or "epoch/" and the name of what Keras logs at the ends of epochs. `reached` is what was
    observed, as a value of it, and `limit` the limit in force, None where that is none of a single value.
    """

    curve: str
    reached: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Finding:
    """One place where a rule fails, with its evidence.

    `tensor` is the input, target or prediction that it is about, as a row of the data table: "input/x". `others` are
    places that the same cause explains, and symptoms of it; `because` is the rule whose finding explains this one.
    """

    rule: str
    severity: Severity
    message: str
    layer: str | None = None
    variable: str | None = None
    tensor: str | None = None
    first_step: int | None = None
    last_step: int | None = None
    statistic: str | None = None
    observed: float | None = None
    limit: float | None = None
    unit: str | None = None
    others: tuple[str, ...] = ()
    because: str | None = None
    on_curve: OnCurve | None = None

    @property
    def place(self) -> str:
        """Where the rule fails, as closely as the finding tells: empty for the run as a whole."""
        return self.variable or self.tensor or self.layer or ""

    @property
    def where(self) -> tuple[str, ...]:
        """The places that people are told: the variable, or else its layer, and the tensor of the batch."""
        return told_places(self.variable, self.layer, self.tensor)


def told_places(variable: str | None, layer: str | None, tensor: str | None) -> tuple[str, ...]:
    return tuple(place for place in (variable or layer, tensor) if place)


@dataclass(frozen=True)
class Rule:
    """One diagnosis.

    The engine judges a run by it only where each statistic of `needs` was measured at `min_samples`
    steps or more. `weight` is its share in its category's score.
    """

    name: str
    category: str
    title: str
    passing_title: str
    needs: tuple[str, ...] = ()
    min_samples: int = 0
    thresholds: tuple[Threshold, ...] = ()
    weight: float = 1.0
    judges_nonfinite: bool = False
    """Whether it is given the whole run; the others get what came before the first non-finite value."""

    judges_first_steps: bool = False
    """Whether it judges a preflight's few steps, although it wants several samples of a training."""

    absent: str | None = None
    """Why a model that was measured may have nothing of what it `needs`."""

    consults: tuple["Rule", ...] = ()
    """Rules whose limits in force its check is given, too: after its own, in this order."""

    @property
    def limits(self) -> dict[str, float]:
        return {threshold.name: threshold.value for threshold in self.thresholds}


Check = Callable[..., Iterable[Finding]]
"""What judges a run by a rule: `check(run, limits)`, and the limits of each rule that it consults."""


@dataclass(frozen=True)
class Diagnosis:
    """A rule with its check and its prose: the text under each heading of the module's docstring."""

    rule: Rule
    check: Check
    summary: str
    prose: Mapping[str, str]

    @classmethod
    def of(cls, module: ModuleType) -> "Diagnosis":
        """Returns the diagnosis of a rule's module, from its `RULE`, its `check` and its docstring."""
        summary, *sections = (module.__doc__ or "").split("\n## ")
        prose = dict(_section(section) for section in sections)
        return cls(module.RULE, module.check, summary.strip(), prose)

    @property
    def remedies(self) -> tuple[str, ...]:
        """The items of "What to try", in their order, each on one line."""
        items = f"\n{self.prose.get('What to try', '')}".split("\n* ")[1:]
        return tuple(" ".join(item.split()) for item in items)

    @property
    def doc(self) -> str:
        """The rule's page, relative to the project."""
        return f"docs/rules/{self.rule.name}.md"


def _section(text: str) -> tuple[str, str]:
    heading, _, body = text.partition("\n")
    return heading.strip(), body.strip()
