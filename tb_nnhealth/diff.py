"""What changed from one scorecard to another: findings that are new, worse, better, gone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from tb_nnhealth.document import strict_json
from tb_nnhealth.engine import Status
from tb_nnhealth.renumbering import INPUT, earlier_names
from tb_nnhealth.rules import Finding
from tb_nnhealth.rules._rule import SEVERITIES, Severity, told_places

if TYPE_CHECKING:
    from tb_nnhealth.scorecard import Scorecard

Kind = Literal["new", "worse", "unjudged", "better", "gone"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Change:
    """A finding that is not as it was. `before` and `after` are its severities, None where it was not there.

    `message` is the later finding's, or the earlier one's where there is none.
    """

    rule: str
    layer: str | None
    variable: str | None
    tensor: str | None
    before: Severity | None
    after: Severity | None
    message: str

    @property
    def where(self) -> tuple[str, ...]:
        """The places that people are told, as a finding's."""
        return told_places(self.variable, self.layer, self.tensor)


@dataclass(frozen=True)
class Side:
    """One of the two scorecards: its run, status and score."""

    run: str
    status: Status
    score: int | None


@dataclass(frozen=True)
class CategoryChange:
    """A category's scores, None where it could not be judged or is not there."""

    name: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class ScorecardDiff:
    """What changed between two scorecards: findings by what became of them, the severe ones first.

    `unjudged` are those that are not there any more, but whose rule could not judge: nobody knows.
    """

    before: Side
    after: Side
    categories: tuple[CategoryChange, ...]
    new: tuple[Change, ...]
    worse: tuple[Change, ...]
    unjudged: tuple[Change, ...]
    better: tuple[Change, ...]
    gone: tuple[Change, ...]

    @property
    def is_worse(self) -> bool:
        """Whether a warning or an error is new, or a finding became one; information does not count."""
        return any(change.after != "info" for change in self.new + self.worse)

    def of_kind(self, kind: Kind) -> tuple[Change, ...]:
        changes: tuple[Change, ...] = getattr(self, kind)
        return changes

    def to_dict(self) -> dict[str, Any]:
        """Returns what `to_json` writes, as plain data."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "categories": [asdict(category) for category in self.categories],
            **{kind: [asdict(change) for change in self.of_kind(kind)] for kind in KINDS},
        }

    def to_json(self) -> str:
        """Returns the changes as strict JSON, ending in a newline."""
        return strict_json(self.to_dict())

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of_kind(kind))} {kind}" for kind in KINDS if self.of_kind(kind))
        scores = " -> ".join("unknown" if side.score is None else str(side.score) for side in (self.before, self.after))
        return (
            f"<ScorecardDiff of {self.before.run!r} and {self.after.run!r}: score {scores}, {counts or 'no changes'}>"
        )


def diff(before: "Scorecard", after: "Scorecard") -> ScorecardDiff:
    """Returns what changed from one scorecard to another. Findings are the same by their rule and place.

    A place is the same where its names differ by nothing but how Keras numbers them on. One that an earlier finding
    named among its `others` is known: no new finding when it stands first.
    """
    scores = [{category.name: category.score for category in card.categories} for card in (before, after)]
    names = dict.fromkeys([*scores[0], *scores[1]])
    changes = list(_changes(before, after))
    return ScorecardDiff(
        Side(before.run, before.status, before.score),
        Side(after.run, after.status, after.score),
        tuple(CategoryChange(name, scores[0].get(name), scores[1].get(name)) for name in names),
        **{kind: _severe_first(change for other, change in changes if other == kind) for kind in KINDS},
    )


def _changes(before: "Scorecard", after: "Scorecard") -> Iterator[tuple[Kind, Change]]:
    earlier = earlier_places(before, after)
    known, still = _severities(before), _severities(after, earlier)
    for place, finding in _by_place(after, earlier).items():
        was, now = known.get(place), finding.severity
        if was != now:
            kind: Kind = "new" if was is None else "worse" if _rank(now) > _rank(was) else "better"
            yield kind, _change(finding, was, now)
    judged = {verdict.rule.name for verdict in after.rules if verdict.status in ("pass", "fail")}
    for place, finding in _by_place(before).items():
        if place not in still:
            kind = "gone" if finding.rule in judged else "unjudged"
            yield kind, _change(finding, finding.severity, None)


def _change(finding: Finding, before: Severity | None, after: Severity | None) -> Change:
    return Change(finding.rule, finding.layer, finding.variable, finding.tensor, before, after, finding.message)


def _severe_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: -_rank(change.after or change.before or "info")))


def earlier_places(before: "Scorecard", after: "Scorecard") -> Callable[[str], str]:
    """Returns what gives a place of the later scorecard's model its name in the earlier one's: another one only where
    Keras has numbered it on."""
    layers = earlier_names(
        *([(str(layer.get("path")), str(layer.get("class"))) for layer in card.layers] for card in (before, after))
    )
    inputs = earlier_names(*([(str(name), INPUT) for name in card.model.get("inputs", ())] for card in (before, after)))
    return lambda place: inputs(place) if place.startswith("input/") else layers(place)


Place = tuple[str, str]


def _by_place(scorecard: "Scorecard", named: Callable[[str], str] = str) -> dict[Place, Finding]:
    """Returns the worst finding of each rule and place, as it is named."""
    ordered = sorted(scorecard.findings, key=lambda finding: _rank(finding.severity))
    return {(finding.rule, named(finding.place)): finding for finding in ordered}


def _severities(scorecard: "Scorecard", named: Callable[[str], str] = str) -> dict[Place, Severity]:
    """Returns the severity of each rule and place, those among the `others` too."""
    found = _by_place(scorecard, named)
    others = {(f.rule, named(other)): f.severity for f in found.values() for other in f.others}
    return {**others, **{place: finding.severity for place, finding in found.items()}}


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)
