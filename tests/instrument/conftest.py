"""The zoo, trained once with every step sampled, for all tests of what became of it."""

from dataclasses import dataclass

import pytest

from tb_nnhealth import HealthCallback, read_run
from tb_nnhealth.records import HealthRun
from tests.instrument.training import Outcome, is_measured_beside, train, unwarned
from tests.instrument.zoo import CASES


@dataclass(frozen=True)
class Measured:
    """A case of the zoo, what became of its training, and what the callback wrote of it.

    `is_beside`: no step that counted was read in.
    """

    name: str
    log_dir: str
    outcome: Outcome
    run: HealthRun
    is_beside: bool


def train_measured(name: str, callback: HealthCallback) -> Outcome:
    """Trains a case with the callback; it must not warn that something broke."""
    with unwarned("HealthCallback"):
        return train(CASES[name], lambda: [callback])


@pytest.fixture(scope="session", params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    """The name of a case. All tests of one run one after the other, so that each of its trainings is made once."""
    return str(request.param)


@pytest.fixture(scope="session")
def plain(case: str) -> Outcome:
    """What becomes of the case without the callback."""
    return train(CASES[case])


@pytest.fixture(scope="session")
def measured(case: str, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    callback = HealthCallback(tmp_path_factory.mktemp(case), sampling=1)
    outcome = train_measured(case, callback)
    return Measured(case, callback.log_dir, outcome, read_run(callback.log_dir), is_measured_beside(callback))
