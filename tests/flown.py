"""Preflights in event files, written through the real writer without a model."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_nnhealth.flight.log import FlightLog

EXPLOSION = 0.2

UNMEASURED = "no validation data was given"


def rates(own: Any = 1e-3, explosion: float | None = EXPLOSION) -> dict[str, Any]:
    """The values of a learning rate range: the loss falls from 2 to 1 and explodes to 100, with a NaN at the end."""
    tried = np.geomspace(1e-6, 1.0, 61)
    loss = 1 + 1 / (1 + tried / 3e-4) + np.where(tried > EXPLOSION, 100 * tried, 0)
    losses = np.append(loss[:-1] * (1 + 0.02 * np.sin(np.arange(60))), np.nan)
    suggestion = None if explosion is None else explosion / 10
    return {
        "rates": tried, "losses": losses, "smoothed": loss,
        "explosion": explosion, "suggestion": suggestion, "own": own,
    }  # fmt: skip


def write_preflight(
    log_dir: str | os.PathLike[str], probes: Mapping[str, Mapping[str, Any] | str], failed: str = ""
) -> None:
    """Writes what was measured by each probe, in 1, 2, 3 … seconds; or the reason why nothing was. `failed`
    says why no step could be taken."""
    log = FlightLog(os.fspath(log_dir))
    log.write({"budget": 60.0, "created": 0.0, "seconds": 4.5, "problems": [], "failed": failed})
    for seconds, (name, told) in enumerate(probes.items(), 1):
        measured = {"reason": told, "values": {}} if isinstance(told, str) else {"values": dict(told)}
        log.write({"probe": name, "seconds": float(seconds), **measured})
    log.close()
    assert log.problem is None
