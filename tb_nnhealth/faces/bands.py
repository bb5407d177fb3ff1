"""Between which limits in force the rules leave a statistic alone, whatever it was at other steps and in other layers.

Gradients, the outputs' spread and norms have no such numbers: their rules compare layers, or the end with the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tb_nnhealth.scorecard import Scorecard

Limit = tuple[str, str] | None
"""A rule and the name of its limit."""

LIMITS: Mapping[str, tuple[Limit, Limit, Limit]] = {
    "update_ratio": (
        ("low-update-ratio", "warning"),
        ("high-update-ratio", "warning"),
        ("high-update-ratio", "error"),
    ),
    "dead_unit_fraction": (None, ("dead-units", "warning"), ("dead-units", "error")),
    "saturated_fraction": (None, ("saturated-activation", "warning"), ("saturated-activation", "error")),
    "gradient_missing": (None, ("missing-gradient", "error"), None),
    "value_kurtosis": (None, ("non-gaussian-weights", "kurtosis"), None),
    "update_kurtosis": (None, ("non-gaussian-update", "kurtosis"), None),
}
"""Of each statistic the lower limit, the upper one, and that from which on a rule may find an error."""

USUAL = {"update_ratio": 1e-4}
"""What a statistic seldom is below where training goes well: the rule on small updates finds what is ten times less."""


@dataclass(frozen=True)
class Band:
    """None = no limit on that side. `worst`: above `high`, from where on a rule may find an error, not a warning.
    `usual`: above `low`, from where on it usually is.
    """

    low: float | None
    high: float | None
    worst: float | None = None
    usual: float | None = None


def bands(card: Scorecard) -> dict[str, Band]:
    """Returns the bands of the statistics that have one."""
    in_force = {
        (verdict.rule.name, name): value
        for verdict in card.rules
        if verdict.enabled
        for name, value in verdict.limits.items()
    }

    def value(limit: Limit) -> float | None:
        return None if limit is None else in_force.get(limit)

    found = {
        statistic: Band(value(low), value(high), value(worst), _usual(statistic, value(low)))
        for statistic, (low, high, worst) in LIMITS.items()
    }
    return {statistic: band for statistic, band in found.items() if _is_band(band)}


def _usual(statistic: str, low: float | None) -> float | None:
    usual = USUAL.get(statistic)
    return usual if usual is None or low is None else max(usual, low)


def _is_band(band: Band) -> bool:
    if band.low is None or band.high is None:
        return band.low is not None or band.high is not None
    return band.low < band.high
