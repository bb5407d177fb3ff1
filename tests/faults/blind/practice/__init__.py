"""Mistakes of people with experience, and trainings that are fine."""

from tests.faults.blind.practice import (
    healthy,
    layers_and_losses,
    optimization,
    pipelines,
    regularization,
    sequences,
    train_steps,
    transfer,
)

CASES = (
    *layers_and_losses.CASES,
    *pipelines.CASES,
    *transfer.CASES,
    *sequences.CASES,
    *optimization.CASES,
    *regularization.CASES,
    *train_steps.CASES,
    *healthy.CASES,
)
