"""The same model built twice in one process: Keras numbers the names that it gives on, "dense" is "dense_7" then.

Names that Keras gives are a class in snake case and how many of them it named before. Two models are the same but for
those numbers where layer for layer, in forward order, the classes are equal, the names are equal without their numbers,
and all numbers of a name differ by the same count. Anything else is another model: there a name stands for itself.
"""

import re
from collections.abc import Callable, Iterable
from itertools import zip_longest

Named = tuple[str, str]
"""The path of a layer and its class."""

INPUT = "InputLayer"

_NUMBERED = re.compile(r"(?P<name>.+?)(?:_(?P<number>[1-9]\d{0,8}))?(?P<call>#\d+)?", re.DOTALL)


def earlier_names(before: Iterable[Named], after: Iterable[Named]) -> Callable[[str], str]:
    """Returns what gives a place of the later model the name that it has in the earlier one.

    Args:
      before: the layers of the earlier model, in forward order, and its inputs.
      after: those of the later one.

    Returns:
      a function of a layer, a row or a variable; it returns the name as it is where the models differ otherwise.
    """
    ahead: dict[str, int] = {}
    for one, other in zip_longest(before, after):
        found = _ahead(one, other) if one and other else None
        if found is None or any(ahead.setdefault(name, count) != count for name, count in found):
            return str
    return lambda place: "/".join(_numbered_back(part, ahead) for part in place.split("/"))


def _ahead(before: Named, after: Named) -> list[tuple[str, int]] | None:
    """Returns by how much each part of the later path is numbered higher, None where the layers are not the same."""
    (old, old_class), (new, new_class) = before, after
    names = [[_read(part) for part in path.split("/")] for path in (old, new)]
    if old_class != new_class or [name for name, _, _ in names[0]] != [name for name, _, _ in names[1]]:
        return None
    found = [(name, number - was) for (name, was, _), (_, number, _) in zip(*names, strict=True)]
    name, count = found[-1]
    return found if count == 0 or f"_{name}".endswith(f"_{_snake_case(new_class)}") else None


def _numbered_back(part: str, ahead: dict[str, int]) -> str:
    name, number, call = _read(part)
    number -= ahead.get(name, 0)
    return f"{name}_{number}{call}" if number > 0 else f"{name}{call}"


def _read(part: str) -> tuple[str, int, str]:
    """Returns a name without its number, the number, and which call of the layer it is, as a row tells it."""
    found = _NUMBERED.fullmatch(part)
    return (found["name"], int(found["number"] or 0), found["call"] or "") if found else (part, 0, "")


def _snake_case(name: str) -> str:
    """Returns what Keras calls a layer of the class.

    Source: keras.src.utils.naming.to_snake_case.
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
