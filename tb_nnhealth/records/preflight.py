"""What the experiments of a preflight measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INTERRUPTED = "the preflight was interrupted"
"""Why a probe measured nothing where the user ended the preflight before its end."""


@dataclass(frozen=True)
class Probed:
    """What a probe of the preflight measured in so many seconds; `reason` says why it measured nothing.

    `values` are plain data as JSON has them: None for what is not finite. `unfinished`: it could not be made, failed,
    or was short of time, so that without a verdict something stays unknown.
    """

    seconds: float
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    unfinished: bool = False


@dataclass(frozen=True)
class Flight:
    """A preflight as a whole: the seconds that its probes shared at most, those of what comes before
    them (the data are read, the model is built, the first steps are taken), and whether the steps of the run are those
    of a training: else they are the preflight's own. `failed` says why a step of the training could not be taken, empty
    where one could, or where the model is not compiled.

    `followed`: a training began after it, which `changed` something of what it was made with: "model", "loss",
    "optimizer", each with words on how both differ.

    `pull` is the norm of the gradient of the penalties on weights ÷ that of the data loss after the first steps, None
    where that is not known.
    """

    budget: float
    first_steps: float
    trained: bool
    failed: str = ""
    followed: bool = False
    changed: Mapping[str, str] = field(default_factory=dict)
    pull: float | None = None
