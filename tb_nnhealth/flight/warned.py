"""Python's warnings while experiments are made, which repeat what warns many times."""

import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

_NUMBERS = re.compile(r"\d+|None")
"""What differs in a text from batch to batch: numbers, and lengths that are not known."""


@contextlib.contextmanager
def warned_once() -> Iterator[None]:
    """Shows a warning of one place in the code once, however often it comes again, and with whatever numbers."""
    show, seen = warnings.showwarning, set[Any]()

    def show_once(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *others: Any, **named: Any
    ) -> None:
        key = category, filename, lineno, _NUMBERS.sub("#", str(message))
        if key not in seen:
            seen.add(key)
            show(message, category, filename, lineno, *others, **named)

    warnings.showwarning = show_once
    try:
        yield
    finally:
        warnings.showwarning = show
