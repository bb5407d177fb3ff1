"""Flights of known verdict: for each probe models and data that it must find fault with, and such that it must not.

Each module has the name of a probe, and `FLIGHTS`.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from demo.training import BATCH_SIZE, Training


@dataclass(frozen=True)
class Flight:
    """A model and its data; `expected` are the probes that must find fault with it, none where it is healthy.

    `validation` makes the validation data, for the probes that want it. `missed` says why a preflight is known not to
    find it, in a sentence for docs/preflight_accuracy.md; empty where it must be found.
    """

    name: str
    build: Callable[[], Training]
    expected: frozenset[str]
    validation: Callable[[], tuple[Any, ...]] | None = None
    missed: str = ""


def data_of(training: Training) -> Any:
    """Returns what a preflight is given of a training: arrays, or batches where `fit` does not shuffle."""
    data = training.images if training.targets is None else (training.images, training.targets)
    if training.fit.get("shuffle", True):
        return data
    return tf.data.Dataset.from_tensor_slices(data).batch(BATCH_SIZE)


def flights() -> Iterator[tuple[str, Flight]]:
    """Yields each probe's flights with the probe's name."""
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        for flight in importlib.import_module(f"{__name__}.{path.stem}").FLIGHTS:
            yield path.stem.replace("_", "-"), flight
