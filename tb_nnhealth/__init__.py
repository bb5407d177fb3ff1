"""Tells a Keras user why a neural network does not train.

    from tb_nnhealth import HealthCallback, Scorecard

    health = HealthCallback("logs/run1")
    model.fit(x, y, callbacks=[health])
    print(health.scorecard.to_json())

The public names are loaded when they are first asked for: TensorBoard imports this package when it
starts, and reading a log directory needs NumPy and TensorBoard only, never TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tb_nnhealth.version import __version__

if TYPE_CHECKING:
    from tb_nnhealth.instrument.callback import HealthCallback, HealthError
    from tb_nnhealth.reader import read_run
    from tb_nnhealth.records import HealthRun
    from tb_nnhealth.scorecard import Scorecard

_HOME = {
    "HealthCallback": "tb_nnhealth.instrument.callback",
    "HealthError": "tb_nnhealth.instrument.callback",
    "HealthRun": "tb_nnhealth.records",
    "Scorecard": "tb_nnhealth.scorecard",
    "read_run": "tb_nnhealth.reader",
}

__all__ = ["HealthCallback", "HealthError", "HealthRun", "Scorecard", "__version__", "read_run"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tb_nnhealth' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
