"""random-input: what it measures, and how its rule judges it, of models and data of known verdict."""

import pytest

from tests.flight.flying import flown
from tests.flight.zoo.random_input import FLIGHTS

RULE = "random-input"


@pytest.mark.slow
@pytest.mark.parametrize("flight", FLIGHTS, ids=[flight.name for flight in FLIGHTS])
def test_flight(flight):
    found = flown(RULE, flight)
    assert (found.status == "fail") == (RULE in flight.expected), (found.reason, found.findings)
