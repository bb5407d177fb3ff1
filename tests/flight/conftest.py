"""What holds for all tests of preflight."""

import keras
import pytest


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Makes models and dropout the same in each run."""
    keras.utils.set_random_seed(0)
