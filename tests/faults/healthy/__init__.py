"""Trainings that a competent person would call fine."""

from tests.faults.healthy import generative, sequences, tabular, vision

CASES = (*vision.CASES, *sequences.CASES, *tabular.CASES, *generative.CASES)
"""All of them; the mended twins of the sick ones stand beside those."""
