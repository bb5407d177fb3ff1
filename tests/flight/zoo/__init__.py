"""Flights of known verdict: for each probe models and data that it must find fault with, and such that it must not.

Each module has the name of a probe, and `FLIGHTS`.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.training import Training


@dataclass(frozen=True)
class Flight:
    """A model and its data; `expected` are the probes that must find fault with it, none where it is healthy.

    `validation` makes the validation data, for the probes that want it.
    """

    name: str
    build: Callable[[], Training]
    expected: frozenset[str]
    validation: Callable[[], tuple[Any, ...]] | None = None


def flights() -> Iterator[tuple[str, Flight]]:
    """Yields each probe's flights with the probe's name."""
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        for flight in importlib.import_module(f"{__name__}.{path.stem}").FLIGHTS:
            yield path.stem.replace("_", "-"), flight
