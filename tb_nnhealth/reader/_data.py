"""What the ways of reading hand to the assembly."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_nnhealth.records import IntArray
from tb_nnhealth.summary import metadata


class LogError(Exception):
    """A log that cannot be read: one sentence on what was expected and what was received."""


class Datum(NamedTuple):
    """One event of a tag: text, or an array."""

    step: int
    wall_time: float
    value: NDArray[Any] | str


@dataclass(frozen=True)
class Session:
    """A `fit` or a resumed process: its manifest, and the step and time at which it started."""

    start_step: int
    wall_time: float
    manifest: dict[str, Any]


@dataclass(frozen=True)
class Series:
    """A tag's events that hold, in canonical order: steps strictly increase."""

    steps: IntArray
    wall_times: NDArray[np.float64]
    values: Sequence[NDArray[Any] | str]


def canonical(data: Sequence[Datum], starts: Sequence[tuple[float, int]] = ()) -> Series:
    """Returns what holds of a tag's events, the same whichever loader they came through.

    TensorBoard's loaders differ when a step comes again: the fast one drops what it overtakes, tag by
    tag, the slow one and the files keep all. So an event is dropped when a session that started later
    began at its step or before, and then when a later event of the tag has its step or a smaller one.

    Args:
      data: the events in the order they were read.
      starts: wall time in s and first step of each session.
    """
    steps = np.array([datum.step for datum in data], np.int64)
    wall_times = np.array([datum.wall_time for datum in data], np.float64)
    keep = np.ones(len(steps), bool)
    for wall_time, start_step in starts:
        keep &= ~((wall_time > wall_times) & (start_step <= steps))
    held = np.flatnonzero(keep)
    smallest_after = np.minimum.accumulate(steps[held][::-1])[::-1]
    held = held[steps[held] < np.append(smallest_after[1:], np.iinfo(np.int64).max)]
    return Series(steps[held], wall_times[held], [data[index].value for index in held.tolist()])


def is_finite(value: Any) -> bool:
    """Returns whether it is a number that a float holds: JSON has larger integers."""
    return isinstance(value, (int, float)) and abs(value) <= sys.float_info.max


def check_version(version: Any) -> None:
    """Raises LogError unless this reader knows the format version."""
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= metadata.SCHEMA_VERSION:
        raise LogError(
            f"Expected health data of schema version {metadata.SCHEMA_VERSION} or older; a newer tb_nnhealth may "
            f"read it. Received: schema_version={version!r}"
        )
