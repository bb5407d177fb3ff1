"""The zoo, trained once with every step sampled, for all tests of what became of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.records import HealthRun
from tests.instrument.training import Outcome, train, unwarned
from tests.instrument.zoo import CASES


@dataclass(frozen=True)
class Measured:
    """A case of the zoo, what became of its training, and what the callback wrote of it."""

    name: str
    outcome: Outcome
    run: HealthRun


def train_measured(name: str, log_dir: Path, **settings: Any) -> Outcome:
    """Trains a case with the callback; it must not warn that something broke."""
    with unwarned("HealthCallback"):
        return train(CASES[name], lambda: [HealthCallback(log_dir, **settings)])


@pytest.fixture(scope="session", params=CASES)
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    log_dir = tmp_path_factory.mktemp(request.param)
    return Measured(request.param, train_measured(request.param, log_dir, sampling=1), read_run(log_dir))
