"""Measures how often the findings are right: trains all cases of `tests/faults` and judges them.

`python -m tools.accuracy` trains each with several seeds (`train`, in a process of its own, by `pool`), judges the logs
by the present rules (`judge`), and writes what was right and what was wrong to a page (`outcome`, `page`).
"""
