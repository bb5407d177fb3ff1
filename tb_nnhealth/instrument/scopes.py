"""Keras' stack of name scopes: one whose name TensorFlow refuses stays on it, and names all that is built later."""

import contextlib
from collections.abc import Iterator
from typing import Any

from keras.src.backend.common import global_state


@contextlib.contextmanager
def closed_on_failure() -> Iterator[None]:
    """Closes the scopes that a failure leaves open."""
    before = list(_stack())
    try:
        yield
    except BaseException:
        _stack()[:] = before
        raise


def _stack() -> list[Any]:
    found: list[Any] = global_state.get_global_attribute("name_scope_stack", default=[], set_to_default=True)
    return found
