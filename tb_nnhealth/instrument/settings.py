"""What a user may set, checked: each wrong value gives one sentence with what was expected and what was received."""

import operator
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any

from tb_nnhealth.configuration import Settings as RuleSettings
from tb_nnhealth.configuration import checked as checked_limits
from tb_nnhealth.instrument.gallery import MOST_EXAMPLES, Vocabularies, vocabularies
from tb_nnhealth.project import project_settings
from tb_nnhealth.summary.event_file import is_remote

ON_ERROR = ("warn", "stop", "raise")


@dataclass(frozen=True)
class Settings:
    """The checked arguments of `HealthCallback`.

    `proves`: whether it is proven that a step that is read in trains as the model's own does, to the bit.
    """

    log_dir: str
    sampling: str | int
    overhead: float
    activations: bool
    gradients: bool
    histograms: bool
    include: tuple[str, ...] | None
    exclude: tuple[str, ...] | None
    on_error: str
    scorecard_path: str | None
    guard: bool
    modes: bool
    gallery: int
    vocabularies: Vocabularies
    limits: RuleSettings
    project: RuleSettings
    proves: bool = True


def checked(
    log_dir: Any,
    sampling: Any,
    overhead: Any,
    include: Any,
    exclude: Any,
    on_error: Any,
    scorecard_path: Any,
    limits: Any = None,
    gallery: Any = None,
    vocabulary: Any = None,
    **switches: Any,
) -> Settings:
    """Returns the settings, with what the `pyproject.toml` above the working directory sets of the rules.

    Raises:
      ValueError: a value is not what is expected; says what is, and what was received.
    """
    is_number = isinstance(overhead, Real) and not isinstance(overhead, bool)
    if not is_number or not 0 <= overhead <= 1:
        raise ValueError(
            f"`overhead` should be a share of the training time, a number from 0 to 1. Received: overhead={overhead!r}"
        )
    if on_error not in ON_ERROR:
        raise ValueError(
            f"`on_error` should be one of {', '.join(map(repr, ON_ERROR))}. Received: on_error={on_error!r}"
        )
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise ValueError(f"`{name}` should be True or False. Received: {name}={value!r}")
    return Settings(
        log_dir=_path("log_dir", log_dir),
        sampling=_sampling(sampling),
        overhead=float(overhead),
        include=_patterns("include", include),
        exclude=_patterns("exclude", exclude),
        on_error=on_error,
        scorecard_path=None if scorecard_path is None else _path("scorecard_path", scorecard_path),
        limits=checked_limits({} if limits is None else limits, "in limits"),
        project=project_settings() or {},
        gallery=_examples(gallery),
        vocabularies=vocabularies(vocabulary),
        **switches,
    )


def _sampling(value: Any) -> str | int:
    if isinstance(value, str) and value == "auto":
        return "auto"
    try:
        steps = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        steps = 0
    if steps < 1:
        raise ValueError(f'`sampling` should be "auto" or a number of steps, 1 or more. Received: sampling={value!r}')
    return steps


def _examples(value: Any) -> int:
    try:
        examples = -1 if isinstance(value, bool) else 0 if value is None else operator.index(value)
    except TypeError:
        examples = -1
    if not 0 <= examples <= MOST_EXAMPLES:
        raise ValueError(
            f"`gallery` should be a number of examples up to {MOST_EXAMPLES}, or 0 or None for no gallery. "
            f"Received: gallery={value!r}"
        )
    return examples


def _path(name: str, value: Any) -> str:
    """Returns the path. A local one is made absolute, for the working directory may change, and without "..", for
    TensorFlow takes away "a/.." whether `a` exists or not."""
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str) or not path:
        raise ValueError(f"`{name}` should be a path, a str or an os.PathLike. Received: {name}={value!r}")
    return path if is_remote(path) else os.path.abspath(path)


def _patterns(name: str, value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    value = list(value) if isinstance(value, Iterator) else value
    patterns = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else ()
    if not patterns or not all(isinstance(p, str) and p for p in patterns):
        raise ValueError(
            f'`{name}` should be a layer path pattern such as "encoder/*", one or more of them, or None. '
            f"Received: {name}={value!r}"
        )
    return patterns
