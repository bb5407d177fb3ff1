"""Sick models and their mended twins: one factory, and the value of the one thing that differs."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.faults.case import Case, Trial

STUCK = frozenset({"stalled-loss", "no-better-than-trivial", "collapsed-output", "underfitting", "metric-disagrees"})
"""What follows where nothing is learnt."""

SLOW = STUCK | {"low-update-ratio", "still-improving", "too-few-updates"}
"""What follows where hardly anything is learnt."""

THROWN = STUCK | {
    "activation-offset",
    "activation-scale",
    "dead-units",
    "exploding-gradient",
    "high-update-ratio",
    "increasing-loss",
    "initial-loss",
    "large-bias",
    "missing-gradient",
    "nonfinite-values",
    "oscillating-loss",
    "saturated-activation",
    "unchanged-variable",
    "weight-growth",
}
"""What follows where weights are thrown about: by steps, inputs or targets that are too large."""


def twins(
    name: str,
    kind: str,
    expected: set[str],
    factory: Callable[[int, Any], Trial],
    sick: Any,
    mended: Any,
    *,
    also: frozenset[str] = frozenset(),
    informs: bool = False,
) -> tuple[Case, Case]:
    """Returns the sick case and the mended one; `factory` is given the seed, and `sick` or `mended`."""
    causes = frozenset(expected)
    twin = f"{name}_mended"
    return (
        Case(name, kind, partial(_built, factory, sick), causes, twin, informs, also - causes),
        Case(twin, kind, partial(_built, factory, mended), pair=name),
    )


def _built(factory: Callable[[int, Any], Trial], value: Any, seed: int) -> Trial:
    return factory(seed, value)
