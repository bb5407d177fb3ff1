"""Models with one mistake that people really make, each beside its mended twin."""

from tests.faults.sick import architecture, inputs, labels, optimization, outputs

CASES = (*inputs.CASES, *labels.CASES, *outputs.CASES, *architecture.CASES, *optimization.CASES)
"""Sick cases and their mended twins."""
