"""What holds for all tests of preflight."""

import signal
from collections.abc import Iterator

import keras
import pytest


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Makes models and dropout the same in each run."""
    keras.utils.set_random_seed(0)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """Has Ctrl-C do what it does in a terminal: what starts tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
