"""A run with what was said of it, as the server keeps it."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from tb_nnhealth.faces.evidence import evidence
from tb_nnhealth.faces.facts import tables
from tb_nnhealth.records import HealthRun
from tb_nnhealth.scorecard import Scorecard


@dataclass(frozen=True)
class Judged:
    """A run as it was read at one version, and its scorecard."""

    run: HealthRun
    card: Scorecard
    version: str

    @cached_property
    def evidence(self) -> list[dict[str, Any] | None]:
        """The curves behind the findings."""
        return evidence(self.run, self.card.findings)

    @cached_property
    def verdict(self) -> dict[str, Any]:
        """The scorecard but for its layers, which are most of it: what the page shows."""
        content = replace(self.card, layers=()).to_dict()
        del content["layers"]
        return content


def size_of(judged: Judged) -> int:
    """Returns the bytes of the run's tables."""
    every = tables(judged.run).values()
    arrays = {id(array): array.nbytes for table in every for array in (table.values, table.low, table.high)}
    return sum(arrays.values())
