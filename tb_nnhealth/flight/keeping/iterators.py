"""Iterators of Python's own. They cannot be set back: what may advance them is given copies."""

import sys
import warnings
from typing import Any


def is_iterator(value: Any) -> bool:
    """Returns whether it is one. Those of a user's class are objects as others, which hold where they are."""
    kind = type(value)
    return hasattr(kind, "__next__") and kind.__module__.partition(".")[0] in sys.stdlib_module_names


def copied(iterator: Any) -> Any:
    """Returns an iterator that goes on as this one does, which stays where it is.

    Raises:
      TypeError: it cannot be copied, as a generator or a file.
    """
    own = (kind for kind in type(iterator).__mro__ if kind is not object)
    if not any("__reduce__" in vars(kind) for kind in own):  # What `object`'s makes of it differs between releases.
        raise TypeError(f"{type(iterator).__name__} cannot be copied")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Later versions of Python copy fewer of them.
        make, arguments, *state = iterator.__reduce__()
    copy = make(*map(_with_copies, arguments))
    for each in state:
        copy.__setstate__(_with_copies(each))
    return copy


def _with_copies(value: Any) -> Any:
    """Returns the same with copies of the iterators in it, and of the list in which some keep what they have given."""
    if isinstance(value, tuple):
        return tuple(map(_with_copies, value))
    if isinstance(value, list):
        return list(value)
    return copied(value) if is_iterator(value) else value
