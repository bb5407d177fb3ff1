"""What came of a comparison, for programs, terminals and notebooks."""

import html
import io
import math
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tb_nnhealth.faces.wording import plain, plural
from tb_nnhealth.numbers import number, percent

HEADS = ("", "stage", "ours", "reference", "difference", "relative", "tolerance")


@dataclass(frozen=True)
class Row:
    """A place of both models.

    `stage`: "weights", "output", "state" (what layers have assigned by the end of the forward pass), "loss" or
    "gradient". `ours`, `reference`: the layer, weight, prediction or loss on each side, empty where that side has none.
    `difference`: the largest absolute one. `relative`: the same by the reference's largest value. `tolerance`: what
    float error explains at the element that exceeds it most. `ratio`: how many times that element differs by that;
    above 1 the places differ. `is_of_weight`: a gradient is that of a weight, not that into an output.
    """

    stage: str
    ours: str
    reference: str
    difference: float
    relative: float
    tolerance: float
    ratio: float
    note: str = ""
    is_of_weight: bool = False

    @property
    def same(self) -> bool:
        return self.ratio <= 1

    @property
    def place(self) -> str:
        """Our name of the place, with the reference's where that is another."""
        if not self.ours or not self.reference or self.ours == self.reference:
            return self.ours or self.reference
        return f"{self.ours} (the reference's {self.reference})"


@dataclass(frozen=True)
class Comparison:
    """Two models side by side on a batch.

    `rows`: all places that were compared, in the order in which they are computed. `unpaired_ours`,
    `unpaired_reference`: layers and weights without counterpart. `precision`: the floating type whose rounding was
    reckoned with, the coarsest in both. `hint`: what may explain the first difference, else empty. `rearranged`: the
    weights that were brought into the other model's layout to be compared, and how.
    """

    rows: tuple[Row, ...]
    unpaired_ours: tuple[str, ...]
    unpaired_reference: tuple[str, ...]
    precision: str
    hint: str = ""
    rearranged: tuple[str, ...] = ()

    @property
    def first(self) -> Row | None:
        """The first place that differs by more than float error explains, None where all agree."""
        return next((row for row in self.rows if not row.same), None)

    @property
    def same(self) -> bool:
        """Whether all places agree within what float error explains."""
        return self.first is None

    def to_dict(self) -> dict[str, Any]:
        """Returns it all as JSON may hold it: what is not finite is None."""
        rows = [{**_json(asdict(row)), "same": row.same} for row in self.rows]
        first = next((row for row in rows if not row["same"]), None)
        return {**asdict(self), "rows": rows, "first": first, "same": self.same} | {
            "unpaired_ours": list(self.unpaired_ours),
            "unpaired_reference": list(self.unpaired_reference),
            "rearranged": list(self.rearranged),
        }

    def __str__(self) -> str:
        out = io.StringIO()
        Console(file=out, width=120, highlight=False).print(self)
        return out.getvalue().rstrip()

    def __rich_console__(self, console: Any, options: Any) -> Any:
        yield Text(self.summary(), "green" if self.same else "bold red")
        table = Table(box=None, pad_edge=False, padding=(0, 1))
        for head in HEADS:
            table.add_column(head, overflow="fold")
        for row in self._shown():
            table.add_row(*map(Text, _cells(row)), style="" if row.same else "red")
        yield table
        yield from (Text(line, "dim") for line in self._notes())

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in HEADS)
        lines = []
        for row in self._shown():
            style = "" if row.same else ' style="color: #b00020"'
            lines.append(f"<tr{style}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>")
        rest = "".join(f"<p>{html.escape(line)}</p>" for line in self._notes())
        summary = html.escape(self.summary())
        return f"<p><b>{summary}</b></p><table><tr>{head}</tr>{''.join(lines)}</table>{rest}"

    def summary(self) -> str:
        """Returns one or two sentences: whether they are the same, else where they differ first, and by how much."""
        first = self.first
        if first is None:
            places = plural(len(self.rows), "place")
            return f"The models are the same at {places}, within what rounding in {self.precision} explains."
        return " ".join(part for part in (f"{_opening(first)}: {_extent(first, self.precision)}.", self.hint) if part)

    def _shown(self) -> list[Row]:
        """Returns the rows but for weights that are the same, which say the least."""
        return [row for row in self.rows if row.stage != "weights" or not row.same]

    def _notes(self) -> list[str]:
        kinds = (
            ("Compared in the other model's layout", self.rearranged),
            ("Not compared, of ours", self.unpaired_ours),
            ("Not compared, of the reference", self.unpaired_reference),
        )
        return [f"{kind}: {plain(', '.join(names))}" for kind, names in kinds if names]


def _opening(row: Row) -> str:
    place = plain(row.place)
    if row.stage == "weights":
        return f"The weights already differ at {place}"
    if row.stage == "gradient":
        what = "of" if row.is_of_weight else "into"
        return f"Forwards they agree; the first gradient that differs is that {what} {place}"
    if row.stage == "output":
        return f"They differ first at {place}"
    what = "losses differ" if row.stage == "loss" else "moving statistics differ after it"
    return f"The outputs agree, the {what} at {place}"


def _extent(row: Row, precision: str) -> str:
    if row.note:
        return row.note
    share = f"{percent(row.relative)} of" if row.relative < 2 else f"{number(row.relative)} times"
    relative = f", {share} the largest value" if math.isfinite(row.relative) else ""
    explained = f"rounding in {precision} explains {number(row.tolerance)}"
    return f"by up to {number(row.difference)}{relative}, where {explained}"


def _cells(row: Row) -> tuple[str, ...]:
    if row.note:
        figures = (row.note, "", "")
    else:
        figures = (number(row.difference), number(row.relative), number(row.tolerance))
    stage = "gradient of" if row.stage == "gradient" and row.is_of_weight else row.stage
    stage = "gradient into" if row.stage == "gradient" and not row.is_of_weight else stage
    return ("=" if row.same else "≠", stage, plain(row.ours), plain(row.reference), *figures)


def _json(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
