"""The rules, in the order in which reports list them. A new rule is a module and its name here."""

from tb_nnhealth.rules import (
    dead_units,
    frozen_variables,
    nonfinite_values,
)
from tb_nnhealth.rules._rule import CATEGORIES, HEADINGS, Diagnosis, Finding, Limits, NotJudged, Rule, Threshold

__all__ = ["CATEGORIES", "DIAGNOSES", "HEADINGS", "Diagnosis", "Finding", "Limits", "NotJudged", "Rule", "Threshold"]

DIAGNOSES: dict[str, Diagnosis] = {
    diagnosis.rule.name: diagnosis
    for module in (
        nonfinite_values,
        frozen_variables,
        dead_units,
    )
    for diagnosis in [Diagnosis.of(module)]
}
"""Every diagnosis by its rule's name."""
