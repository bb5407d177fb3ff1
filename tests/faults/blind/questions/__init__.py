"""What people asked about, rebuilt small: each mistake with its source, and a few trainings that are fine."""

from tests.faults.blind.questions import classification, healthy, other_tasks, regression, sequences

CASES = (*classification.CASES, *regression.CASES, *sequences.CASES, *other_tasks.CASES, *healthy.CASES)
