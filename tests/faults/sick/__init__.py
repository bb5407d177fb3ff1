"""Models with one mistake that people really make, each beside its mended twin."""

from tests.faults.sick import (
    amounts,
    architecture,
    inputs,
    labels,
    losses,
    modes,
    optimization,
    outputs,
    precision,
    reading,
    starting_values,
)

CASES = (
    *inputs.CASES,
    *reading.CASES,
    *labels.CASES,
    *amounts.CASES,
    *outputs.CASES,
    *losses.CASES,
    *architecture.CASES,
    *starting_values.CASES,
    *optimization.CASES,
    *precision.CASES,
    *modes.CASES,
)
"""Sick cases and their mended twins."""
