"""The rules, in the order in which reports list them. A new rule is a module and its name here."""

from tb_nnhealth.rules import (
    dead_units,
    exploding_gradient,
    frozen_variables,
    high_update_ratio,
    low_update_ratio,
    missing_gradient,
    nonfinite_values,
    poor_initialization,
    saturated_activation,
    stalled_loss,
    unchanged_variable,
    vanishing_gradient,
)
from tb_nnhealth.rules._rule import CATEGORIES, HEADINGS, Diagnosis, Finding, Limits, NotJudged, Rule, Threshold

__all__ = ["CATEGORIES", "DIAGNOSES", "HEADINGS", "Diagnosis", "Finding", "Limits", "NotJudged", "Rule", "Threshold"]

DIAGNOSES: dict[str, Diagnosis] = {
    diagnosis.rule.name: diagnosis
    for module in (
        nonfinite_values,
        frozen_variables,
        poor_initialization,
        dead_units,
        saturated_activation,
        vanishing_gradient,
        exploding_gradient,
        missing_gradient,
        unchanged_variable,
        low_update_ratio,
        high_update_ratio,
        stalled_loss,
    )
    for diagnosis in [Diagnosis.of(module)]
}
"""Every diagnosis by its rule's name."""
