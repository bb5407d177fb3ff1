"""Where a statistic is healthy: between the limits in force of the rules that judge it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tb_nnhealth.scorecard import Scorecard

Limit = tuple[str, str] | float | None
"""A rule and the name of its limit; or a number."""

LIMITS: Mapping[str, tuple[Limit, Limit]] = {
    "update_ratio": (1e-4, ("high-update-ratio", "warning")),
    "dead_unit_fraction": (None, ("dead-units", "warning")),
    "saturated_fraction": (None, ("saturated-activation", "warning")),
    "gradient_missing": (None, ("missing-gradient", "error")),
    "value_kurtosis": (None, ("non-gaussian-weights", "kurtosis")),
    "update_kurtosis": (None, ("non-gaussian-update", "kurtosis")),
}
"""Of each statistic the lower limit and the upper one.

The rule on small updates finds what is ten times below the usual: the band is that which is usual.
"""


@dataclass(frozen=True)
class Band:
    """None = no limit on that side."""

    low: float | None
    high: float | None


def bands(card: Scorecard) -> dict[str, Band]:
    """Returns the bands of the statistics that have one."""
    in_force = {(verdict.rule.name, name): value for verdict in card.rules for name, value in verdict.limits.items()}

    def value(limit: Limit) -> float | None:
        return in_force.get(limit) if isinstance(limit, tuple) else limit

    found = {statistic: Band(value(low), value(high)) for statistic, (low, high) in LIMITS.items()}
    return {statistic: band for statistic, band in found.items() if _is_band(band)}


def _is_band(band: Band) -> bool:
    if band.low is None or band.high is None:
        return band.low is not None or band.high is not None
    return band.low < band.high
