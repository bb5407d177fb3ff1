"""Programs by two writers who knew neither the rules nor their limits.

`questions` rebuilds what people asked about, `practice` has mistakes of people with experience. Which rules may name a
cause was written down before any verdict was seen, and stays so; `UNNAMED` stands where no rule can.
"""

from tests.faults.blind import practice, questions

CASES = (*questions.CASES, *practice.CASES)
"""All of them, with the mended twins and the healthy ones."""
