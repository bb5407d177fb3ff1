"""Tells a Keras user why a neural network does not train.

    from tb_nnhealth import HealthCallback, Scorecard

    health = HealthCallback("logs/run1")
    model.fit(x, y, callbacks=[health])
    print(health.scorecard.to_json())

The public names are loaded when they are first asked for: TensorBoard imports this package when it
starts, and reading a log directory needs NumPy and TensorBoard only, never TensorFlow.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from tb_nnhealth.version import __version__

if TYPE_CHECKING:
    from tb_nnhealth.compare.comparison import Comparison
    from tb_nnhealth.compare.models import compare_models
    from tb_nnhealth.flight.preflight import preflight
    from tb_nnhealth.flight.report import PreflightReport
    from tb_nnhealth.instrument.callback import HealthCallback, HealthError, HealthWarning
    from tb_nnhealth.reader import LogError, read_run
    from tb_nnhealth.records import HealthRun
    from tb_nnhealth.scorecard import Scorecard

_HOME = {
    "Comparison": "tb_nnhealth.compare.comparison",
    "HealthCallback": "tb_nnhealth.instrument.callback",
    "HealthError": "tb_nnhealth.instrument.callback",
    "HealthWarning": "tb_nnhealth.instrument.callback",
    "HealthRun": "tb_nnhealth.records",
    "LogError": "tb_nnhealth.reader",
    "PreflightReport": "tb_nnhealth.flight.report",
    "preflight": "tb_nnhealth.flight.preflight",
    "Scorecard": "tb_nnhealth.scorecard",
    "compare_models": "tb_nnhealth.compare.models",
    "read_run": "tb_nnhealth.reader",
}

_TRAINING = ("HealthCallback", "PreflightReport", "compare_models", "preflight")
"""What needs TensorFlow and Keras."""

__all__ = [
    "Comparison",
    "HealthCallback",
    "HealthError",
    "HealthRun",
    "HealthWarning",
    "LogError",
    "PreflightReport",
    "Scorecard",
    "__version__",
    "compare_models",
    "preflight",
    "read_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tb_nnhealth' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        if name not in _TRAINING or (error.name or "").startswith("tb_nnhealth"):
            raise
        raise ImportError(
            f"{name} expects TensorFlow 2.16 or later and Keras 3.7 or later on its TensorFlow backend: "
            "pip install 'tb_nnhealth[train]', with KERAS_BACKEND unset or tensorflow. "
            f"Received: KERAS_BACKEND={os.environ.get('KERAS_BACKEND')!r}, no module named {error.name!r}"
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
