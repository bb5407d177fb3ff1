"""All that is known of one run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tb_nnhealth.records.epochs import Epoch
from tb_nnhealth.records.galleries import Galleries
from tb_nnhealth.records.model import ModelFacts
from tb_nnhealth.records.nonfinite import NonFinite
from tb_nnhealth.records.preflight import INTERRUPTED, Flight, Probed
from tb_nnhealth.records.tables import Histograms, Table


@dataclass(frozen=True)
class HealthRun:
    """Everything known of one run.

    `steps` counts the training steps done, `samples` the samples that were taken,
    `sampled_steps` those whose rows are here; `thinned` says that rows which were written are
    missing (TensorBoard sampled them, or they were lost): `missing_rows` of them, of which `lost_rows` are
    known to have been lost as they were written. `loss_since` is the first step of the present
    compiled losses: where the run began, or where it was compiled with others. `costs` are measured seconds:
    "compile", "sampling", "training" (within the steps), and "elapsed" from the first sample to the
    last. `problems` are sentences about what could not be read. `project` and
    `limits` are what the training's `pyproject.toml` and `HealthCallback(limits=…)` set of the rules, as the
    manifest holds it (tb_nnhealth.configuration). `probes` are those of the preflight, by name, in the order in
    which they were run, and `flight` tells of the preflight as a whole; nothing where there was none.
    """

    name: str
    created: float
    tool_version: str
    model: ModelFacts
    steps: int
    samples: int
    sampled_steps: int
    thinned: bool
    finished: bool
    variables: Table = field(default_factory=Table.empty)
    activations: Table = field(default_factory=Table.empty)
    data: Table = field(default_factory=Table.empty)
    step: Table = field(default_factory=Table.empty)
    classes: Table = field(default_factory=Table.empty)
    histograms: Histograms = field(default_factory=lambda: Histograms.of({}))
    epochs: tuple[Epoch, ...] = ()
    galleries: Galleries = field(default_factory=Galleries.of)
    nonfinite: NonFinite | None = None
    loss_since: int = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    missing_rows: int = 0
    lost_rows: int = 0
    project: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    probes: Mapping[str, Probed] = field(default_factory=dict)
    flight: Flight | None = None

    @property
    def untrained(self) -> bool:
        """Whether all that is known of the run is its preflight."""
        return self.flight is not None and not self.flight.trained

    @property
    def is_interrupted(self) -> bool:
        """Whether the user ended the preflight before its end."""
        return any(probed.reason == INTERRUPTED for probed in self.probes.values())

    def table(self, scope: str) -> Table:
        """Returns the table of a scope of the vocabulary: "variable", "activation", "data", "step"."""
        return {"variable": self.variables, "activation": self.activations, "data": self.data, "step": self.step}[scope]

    @cached_property
    def computed(self) -> dict[Any, Any]:
        """What rules have computed of the run, for others that ask the same (rules/_once.py)."""
        return {}
