"""Trainings that a competent person would call fine."""

from tests.faults.healthy import generative, optimizers, sequences, tabular, vision

CASES = (*vision.CASES, *sequences.CASES, *tabular.CASES, *optimizers.CASES, *generative.CASES)
"""All of them; the mended twins of the sick ones stand beside those."""
