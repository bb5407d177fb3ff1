"""Shapes as probes record them: lists of whole numbers. What has another form is empty."""

from collections.abc import Sequence
from typing import Any

from tb_nnhealth.records import Probed


def told_shape(shape: Sequence[int]) -> str:
    """Returns a shape as Python writes it."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def shapes_of(answer: Probed) -> list[list[int]]:
    """Returns the shapes of the outputs of an answer."""
    return [lengths(shape) for shape in list_of(answer, "shapes")]


def ranks_of(answer: Probed) -> list[int]:
    """Returns how many axes each output of an answer has."""
    return [len(shape) for shape in shapes_of(answer)]


def lengths(value: Any) -> list[int]:
    """Returns a shape, empty where it is none."""
    known = isinstance(value, list) and all(isinstance(n, int) and n >= 0 for n in value)
    return list(value) if known else []


def list_of(probed: Probed, name: str) -> list[Any]:
    """Returns a list of a record, empty where there is none."""
    value = probed.values.get(name)
    return value if isinstance(value, list) else []
